"""What the platform refuses, tried from outside."""
