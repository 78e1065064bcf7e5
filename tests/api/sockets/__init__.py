"""Tests of what a websocket is while it lives."""
