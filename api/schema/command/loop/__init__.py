"""Inputs and payloads of the closed loop."""
