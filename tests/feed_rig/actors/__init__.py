"""The people of a run and what they do: they look at what lies before them, mostly, and send a command."""
