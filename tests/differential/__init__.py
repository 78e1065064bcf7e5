"""The compiled reads against the ordinary executor: generated documents, one answer, byte for byte."""
