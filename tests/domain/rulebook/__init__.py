"""How entries follow each other."""
