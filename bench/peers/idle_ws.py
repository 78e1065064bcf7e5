"""A bare websocket of uvicorn that says what a console must hear and then waits: the floor for a socket's memory.

python -m bench.peers.idle_ws PORT
"""

import gc
import sys

import uvicorn
from starlette.types import Receive, Scope, Send

ACK, FIRST = '{"type":"connection_ack"}', '{"type":"next","payload":{"data":null},"id":"1"}'


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Accept, answer the first two messages, wait for the end."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
    for answer in (ACK, FIRST):
        await receive()
        await send({"type": "websocket.send", "text": answer})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def main(port: int) -> None:
    """Serve until ended, set as our own server is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        backlog=4096,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
