"""Compiled reads."""
