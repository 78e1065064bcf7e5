"""The entries that every other rule reads: how they are checked, follow each other and end."""
