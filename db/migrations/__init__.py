"""Schema changes, in order. `db.migrate.draft` writes one; the drift test compares their sum with the models.

A released file is never edited; each step keeps the release before it working (design §9).
"""
