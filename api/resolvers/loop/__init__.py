"""Mutations and queries of the closed loop."""
