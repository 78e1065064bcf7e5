"""What is asked: the documents of the issue's table, the same for every side that speaks our schema."""

from typing import Any

PAGE = """
query Page {
  incidents(first: 50, orderBy: REPORTED_AT_DESC) {
    edges {
      node {
        id no title state urgency reportedAt dueAt
        grid { id name region { id name } }
        reporter { id name }
        assignments { id state handleDueAt orgUnit { id name } }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""

LAST_PAGE = (
    PAGE.replace("Page {", "LastPage {").replace("first: 50", "last: 50").replace("hasNext", "hasPrevious")
)

SINGLE = """
query Single($no: String!) {
  incident(no: $no) {
    id no title state urgency reportedAt dueAt
    clocks { id type startAt dueAt stoppedAt light }
    assignments { id state handleDueAt orgUnit { id name } }
  }
}
"""

# PostGraphile names what it finds by itself; aliases bring its answer into our form.
POSTGRAPHILE_PAGE = """
query Page {
  incidents(first: 50, orderBy: [REPORTED_AT_DESC, ROW_ID_DESC]) {
    edges {
      node {
        id: rowId no title state urgency reportedAt dueAt
        grid { id: rowId name region { id: rowId name } }
        reporter { id: rowId name }
        assignments: assignmentsList { id: rowId state handleDueAt orgUnit { id: rowId name } }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""

REPORT = """
mutation Report($input: ReportIncidentInput!) {
  reportIncident(input: $input) { incident { id no state dueAt } warnings { code } }
}
"""

PEOPLE = """
query People($after: Cursor) {
  people(first: 100, after: $after) { nodes { id name } pageInfo { hasNextPage endCursor } }
}
"""

STOCK_REPORT = "mutation Report($input: ReportInput!) { %s(input: $input) { id no state dueAt } }"

CASE: dict[str, Any] = {
    "title": "楼道口堆放杂物存在消防隐患",
    "content": "三号楼二单元楼道口长期堆放杂物，占用通道，请协调清理。",
    "address": "安胜社区三号楼前",
    "point": {"lng": 123.431633, "lat": 41.157831, "crs": "GCJ02"},
}


def report_input() -> dict[str, Any]:
    """A report as the acceptor takes it by phone; the load generator makes its key new each time."""
    return {
        **CASE,
        "idempotencyKey": "0192b7c0-0000-4000-8000-feedfeedfeed",
        "domain": "LIVELIHOOD",
        "kind": "HELP",
        "categoryCode": "HJ-JS-YP",
        "source": "HOTLINE_12345",
        "complainant": {"name": "王秀兰", "phone": "13812345678"},
    }
