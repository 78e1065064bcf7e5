"""The hands: one async function per command."""
