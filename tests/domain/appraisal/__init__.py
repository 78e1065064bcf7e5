"""The rules of appraisal."""
