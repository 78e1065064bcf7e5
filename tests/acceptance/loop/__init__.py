"""Stories of the closed loop, told over the API with the clock moving."""
