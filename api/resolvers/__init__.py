"""Query and Mutation fields, one file per noun."""
