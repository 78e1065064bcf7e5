"""A year of the founding case's volume, lived through by the test clock, and its books done a second time."""
