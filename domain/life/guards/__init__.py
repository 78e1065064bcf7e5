"""What besides the state a command needs of the person and the case; one file per part of the life (domain.md B.6)."""
