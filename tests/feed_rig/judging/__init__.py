"""Judges a run from what it left behind: the log, the rows, and what each console wrote down."""
