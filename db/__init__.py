"""The memory: the only package that knows Tortoise."""
