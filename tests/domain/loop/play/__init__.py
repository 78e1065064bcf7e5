"""What the walks play: steps of the slices, and moves of every command with random input."""
