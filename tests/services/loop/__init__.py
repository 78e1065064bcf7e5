"""Commands of the closed loop over the database."""
