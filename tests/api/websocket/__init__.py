"""graphql-transport-ws beyond the ordinary conversation."""
