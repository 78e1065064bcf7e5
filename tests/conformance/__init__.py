"""What others' tools say of the API: graphql-http's audit, Relay's compiler, GraphQL Inspector, Schemathesis."""
