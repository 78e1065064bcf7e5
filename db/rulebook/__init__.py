"""What the rules read, entry by entry: how each is stored, listed and followed back in time."""
