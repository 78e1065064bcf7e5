"""Types of the closed loop."""
