"""The rig of the live feed for minutes instead of seconds: `make rig`."""
