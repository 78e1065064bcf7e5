"""Due times that move and rows that rest: extensions, hangs, an imported calendar (domain.md B.3 T22 to T24)."""
