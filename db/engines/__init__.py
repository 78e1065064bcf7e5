"""Cancel-safe database clients."""
