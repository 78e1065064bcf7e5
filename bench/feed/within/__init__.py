"""Programs that run within the measured product's code, whichever folder that lies in; nothing else here imports it."""
