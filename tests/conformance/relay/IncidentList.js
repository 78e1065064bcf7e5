// 事项列表：翻页与刷新。A list of cases that grows page by page and can be fetched again.
graphql`
  query IncidentListQuery($first: Int!, $where: IncidentFilter) {
    viewer {
      id
      displayName
    }
    ...IncidentList_incidents @arguments(first: $first, where: $where)
  }
`;

graphql`
  fragment IncidentList_incidents on Query
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 20 }
    after: { type: "Cursor" }
    where: { type: "IncidentFilter" }
    orderBy: { type: "IncidentOrder", defaultValue: REPORTED_AT_DESC }
  )
  @refetchable(queryName: "IncidentListPageQuery") {
    incidents(first: $first, after: $after, where: $where, orderBy: $orderBy)
      @connection(key: "IncidentList_incidents", filters: ["where", "orderBy"]) {
      totalCount
      totalCountExact
      edges {
        cursor
        node {
          id
          ...IncidentRow_incident
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;
