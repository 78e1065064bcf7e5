"""Appraisal: what somebody's work of a period is worth, in points (domain.md D)."""
