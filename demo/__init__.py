"""Small data shipped with the product; see README.md for origin and licence."""
