"""What the processes tell each other of their streams (design §5)."""
