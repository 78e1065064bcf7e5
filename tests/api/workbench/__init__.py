"""Desks over the API: who reads what, and live."""
