"""Other doors: one folder per outside source."""
