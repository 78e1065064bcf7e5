"""The live machine: tail, hub, streams, revocation, consumers (design §5). Start at `api/feed/feed.py`."""
