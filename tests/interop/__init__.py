"""The clients that frontends use, and our own, against the real server."""
