"""The life of a case: the table of its transitions, what follows from its rows, what a rule answers."""
