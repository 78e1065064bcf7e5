"""Reference clients: how to follow the live feed without missing anything."""
