"""Rows of the closed loop that are read by themselves."""
