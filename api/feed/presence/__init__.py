"""Who reads, in this process and in the others, and whether they still may (design §5)."""
