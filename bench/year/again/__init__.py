"""The second bookkeeping: no rule, calendar or clock of the product, only what was done and the published tables."""
