"""Stored documents and the keys bound to them."""
