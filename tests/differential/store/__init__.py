"""A store with rich data, and what in it is personal."""
