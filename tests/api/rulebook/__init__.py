"""Dictionaries through the schema."""
