"""The rules of the closed loop."""
