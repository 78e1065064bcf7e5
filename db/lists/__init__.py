"""How lists are asked for: typed filters, keyset pages, full text."""
