"""Rows of stored documents and integration keys."""
