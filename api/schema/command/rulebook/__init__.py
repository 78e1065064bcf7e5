"""Inputs and payloads of the commands on what every rule reads."""
