"""Commands of the closed loop, one file per part of the life."""
