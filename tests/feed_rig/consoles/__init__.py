"""The consoles of a run, at both doors of the feed, on every stream of the schema."""
