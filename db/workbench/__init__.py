"""The desks' lists: where each one's entries come from, and pages and counts of them."""
