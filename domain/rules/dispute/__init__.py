"""Whose duty a case is: returns, arbitration, claims, proposals of a unit (domain.md B.3 T12, T15 to T19)."""
