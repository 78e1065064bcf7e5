"""Subscription fields, one file per noun: the live feed's items as GraphQL types (design §5)."""
