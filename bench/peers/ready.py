"""The bytes ready-made: our protocol stack with no work behind it, the floor for the processor time of a request.

python -m bench.peers.ready PORT FILE
"""

import gc
import sys
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send


class Ready:
    """Answers every request with the same bytes."""

    def __init__(self, body: bytes) -> None:
        self._body = {"type": "http.response.body", "body": body}
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request whole, as any server must, then answer."""
        while (await receive()).get("more_body"):
            pass
        await send(self._start)
        await send(self._body)


def main(port: int, file: Path) -> None:
    """Serve until ended, set as our own server is."""
    app = Ready(file.read_bytes())
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
        server_header=False,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
