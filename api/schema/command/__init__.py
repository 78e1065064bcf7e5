"""The inputs and payloads of the mutations, how an input becomes a command, and what the command made."""
