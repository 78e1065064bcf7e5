"""Queries and commands beside other servers, in one run: `python -m bench.query`."""
