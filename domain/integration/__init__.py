"""What other systems run here: stored documents, and the keys bound to them."""
