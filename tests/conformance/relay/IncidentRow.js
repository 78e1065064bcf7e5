// 一行事项。One case as a row: a fragment of plain columns, links, and fragments below it.
graphql`
  fragment IncidentRow_incident on Incident {
    id
    no
    title
    state
    light
    dueAt
    version
    grid {
      id
      code
    }
    assignments {
      id
      ...AssignmentRow_assignment
    }
    availableActions {
      name
    }
  }
`;
