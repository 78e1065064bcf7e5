"""The entries that every other rule reads, changed by commands: versioned, dated, followed back (S40, R09)."""
