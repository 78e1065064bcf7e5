"""GraphQL over server-sent events. Start at `api/sse/endpoint.py`."""
