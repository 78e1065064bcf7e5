"""Replays cases through the public API, as the channels and officers of a district send them (`fengqiao replay`)."""
