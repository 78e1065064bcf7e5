"""Tests of whose duty a case is."""
