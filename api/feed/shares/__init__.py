"""Shares: one execution and one encoding for all who read the same (design §5). Start at `api/feed/shares/share.py`."""
