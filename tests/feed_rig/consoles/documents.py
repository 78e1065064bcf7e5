"""What consoles subscribe to, and the queries whose answers must be the same at the end."""

from collections.abc import Mapping

_ROW = "id version state light"
_CASE = f"""{_ROW} round supervisionLevel escalationStep returnPending dueAt
    assignments {{ {_ROW} }}"""
_EVENTS = f"""__typename
  ... on FeedEvent {{ cursor follows kind subjectId version
    incident {{ {_CASE} title complainant {{ name phone }} }} }}
  ... on FeedHeartbeat {{ cursor follows }}
  ... on FeedGap {{ gap resumeAt }} ... on FeedRevoked {{ revoked resumeAt }}"""
_QUEUE = f"""__typename
  ... on QueueSnapshot {{ cursor complete total items {{ {_ROW} }} }}
  ... on QueueEntered {{ cursor assignment {{ {_ROW} }} }}
  ... on QueueChanged {{ cursor kinds assignment {{ {_ROW} }} }}
  ... on QueueLeft {{ cursor assignmentId incidentNo reason }}
  ... on FeedHeartbeat {{ cursor }} ... on FeedRevoked {{ revoked resumeAt }}"""
_TASK = f"id since dueAt why incident {{ {_ROW} }}"
STREAMS: Mapping[str, str] = {
    "feed": f"subscription ($after: Cursor) {{ feed(after: $after) {{ {_EVENTS} }} }}",
    "commandCentre": f"subscription ($after: Cursor) {{ commandCentre(after: $after) {{ {_EVENTS} }} }}",
    "incidentChanged": (
        f"subscription ($after: Cursor, $id: ID!) {{ incidentChanged(id: $id, after: $after) {{ {_EVENTS} }} }}"
    ),
    "departmentQueue": (
        f"subscription ($unit: ID) {{ departmentQueue(orgUnitId: $unit, first: 10) {{ {_QUEUE} }} }}"
    ),
    "board": "subscription { board { __typename open byState { state count } } }",
    "workbench": (
        f"""subscription ($desk: Desk!) {{ workbench(desk: $desk, first: 20) {{
          __typename totalCount tasks {{ {_TASK} }} }} }}"""
    ),
}
CASES = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Incident {{ {_CASE} }} }} }}"
ROWS = f"""query ($unit: ID!, $states: [AssignmentState!], $after: Cursor) {{
  assignments(where: {{orgUnit: {{eq: $unit}}, state: {{in: $states}}}}, first: 100, after: $after) {{
    nodes {{ {_ROW} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
BOARD = "{ board { byState { state count } } }"
DESK = f"""query ($desk: Desk!) {{ workbench(desk: $desk, first: 20) {{
  totalCount nodes {{ {_TASK} }} }} }}"""
EVENTS = """query ($after: Cursor) { events(first: 100, after: $after) {
  nodes { cursor } pageInfo { hasNextPage endCursor } } }"""
