"""Tests of due times that move and rows that rest."""
