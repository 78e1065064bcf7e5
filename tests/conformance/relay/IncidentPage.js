// 一个事项：按 node 重取，增量更新。One case: fetched again by its id, changed by a mutation, followed live.
graphql`
  query IncidentPageQuery($id: ID!, $withNotes: Boolean!) {
    node(id: $id) {
      __typename
      ...IncidentPage_incident @alias(as: "incident") @arguments(withNotes: $withNotes)
      ... on Assignment @alias(as: "line") {
        ...AssignmentRow_assignment
      }
    }
  }
`;

graphql`
  fragment IncidentPage_incident on Incident
  @argumentDefinitions(withNotes: { type: "Boolean", defaultValue: false }, crs: { type: "Crs", defaultValue: GCJ02 })
  @refetchable(queryName: "IncidentPageRefetchQuery") {
    ...IncidentRow_incident
    ...CaseHistory_incident @arguments(count: 20)
    content
    maskedFields
    point(crs: $crs) {
      lng
      lat
    }
    complainant {
      ...IncidentPage_complainant @relay(mask: false)
    }
    notes @include(if: $withNotes) {
      id
      text
    }
  }
`;

graphql`
  fragment IncidentPage_complainant on Complainant {
    name
    phone
  }
`;

graphql`
  mutation IncidentPageAddNoteMutation($input: AddNoteInput!) {
    addNote(input: $input) {
      note {
        id
        text
        author {
          id
          name
        }
      }
    }
  }
`;

graphql`
  subscription IncidentPageSubscription($id: ID!, $after: Cursor) {
    incidentChanged(id: $id, after: $after) {
      __typename
      ... on FeedEvent {
        cursor
        incident {
          ...IncidentRow_incident
        }
      }
    }
  }
`;
