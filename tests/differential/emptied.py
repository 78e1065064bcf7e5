"""Documents of which conditions leave little or nothing: every object that was found is still an object."""

from collections.abc import AsyncIterator

from api.engine import GraphQLRequest
from tests.differential.contest import Asked, Contest, Finding

_BODIES = (  # a question mark is the condition
    "{ assignments(first: 3) { edges { node ? { round } } } }",
    "{ incidents(first: 3) { edges { ... on IncidentEdge ? { cursor node { no } } } nodes { no ? } } }",
    "{ incidents(first: 3) { nodes { assignments { state ? } clocks { ... ? { type } } grid { name ? } } } }",
    "{ incidents(first: 3) { nodes { history(first: 2) { edges { cursor ? } nodes { at ? } } } } }",
    "{ incidents(first: 3) { pageInfo { hasNextPage ? } totalCount ? } }",
    "{ incidents(first: 3) { totalCount ? nodes ? { no } } }",
    "{ people(first: 3) { edges { node { name ? } } } viewer { id ? } }",
    "{ events(first: 3) { edges { ... { node ? { at } } } } }",
    "{ orgUnits(first: 3) { edges { __typename ? } } board { at ? } grids(first: 2) { nodes { code ? } } }",
    "{ incidents(first: 3) ? { nodes { no } } }",
)


async def findings_in(contest: Contest) -> AsyncIterator[Finding]:
    """What is wrong where the condition holds, and where it does not; each question has an answer."""
    for body in _BODIES:
        text = "query ($v: Boolean!) " + body.replace("?", "@include(if: $v)")
        for holds in (False, True):
            found = await contest.finding(Asked(GraphQLRequest(text, {"v": holds}), "director"))
            assert b'"errors"' not in contest.last, contest.last
            if found is not None:
                yield found
