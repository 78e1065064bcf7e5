// 办理经过：事项内的翻页。Pages inside an object: the history of one case.
graphql`
  fragment CaseHistory_incident on Incident
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "Cursor" })
  @refetchable(queryName: "CaseHistoryPageQuery") {
    history(first: $count, after: $cursor) @connection(key: "CaseHistory_history") {
      edges {
        node {
          __typename
          kind
          at
        }
      }
    }
  }
`;
