"""Measures the product beside its peers; never run by the tests."""
