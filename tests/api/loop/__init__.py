"""The closed loop over the API."""
