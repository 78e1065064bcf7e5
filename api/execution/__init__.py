"""Compiled reads: a document becomes flat statements and one generated function per level (design §8.1, ADR 12)."""
