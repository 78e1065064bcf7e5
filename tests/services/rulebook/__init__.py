"""What the rules read, changed by commands."""
