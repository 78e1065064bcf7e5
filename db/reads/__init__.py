"""Flat reads for compiled queries: rows leave as plain tuples, to `api/execution` only (design §2, §8.1)."""
