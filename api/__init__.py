"""GraphQL over HTTP, websocket and server-sent events: the door."""
