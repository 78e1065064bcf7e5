"""Rows of the closed loop."""
