"""Tests of shares: what many read alike."""
