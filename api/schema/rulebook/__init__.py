"""What every rule reads, as an administrator sees it."""
