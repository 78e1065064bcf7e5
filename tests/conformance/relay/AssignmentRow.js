// 一行交办单。One assignment as a row.
graphql`
  fragment AssignmentRow_assignment on Assignment {
    id
    assignmentState: state
    round
    orgUnit {
      id
      shortName
    }
  }
`;
