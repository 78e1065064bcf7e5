"""What one websocket is while it lives: little, as thousands of them rest in a process."""
