"""A district's case export as CSV."""
