"""The closed loop: what is asked and decided, ruled, scored, paused and recused from in a case's life."""
