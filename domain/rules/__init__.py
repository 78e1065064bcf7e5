"""The pure rules: one file per noun, each function cites its row of domain.md B.3 to B.6."""
