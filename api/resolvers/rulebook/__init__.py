"""Queries and mutations of what every rule reads."""
