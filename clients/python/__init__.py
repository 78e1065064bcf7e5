"""The Python client of the live feed (`feed.py`) and the terminal console made with it (`watch.py`)."""
