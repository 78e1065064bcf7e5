"""Asks one question of every account in turn and looks for marks that the account may not read."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from api.engine import GraphQLRequest
from tests.differential.contest import Asked, Contest
from tests.differential.store.ground import Ground

PRIVILEGED = "director"
_SOME = 6  # accounts
_CASE = """{
  no title content address maskedFields
  reporter { id name } complainant { id name phone } media { id sha256 url }
  followUps { opinion recordedBy { name } } notes { text author { name } }
  supervisions { text issuedBy { name } } verifications { note inspector { name } }
  history(first: 20) { nodes { summary actor { name } incident { content address } } }
}"""
_PATHS = (
    """query ($no: String!) { incident(no: $no) { ... on Incident {CASE}
    assignments { handler { name } incident {CASE} } } }""",
    """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Incident {CASE} ... on Complainant { called: name phone }
    ... on Media { sha256 } ... on Person { name } ... on Assignment { incident {CASE} } } }""",
    "{ incidents(first: 12) { nodes { master {CASE} ... on Incident {CASE} } } }",
    "{ assignments(first: 15) { nodes { dispatchedBy { name } handler { name } incident {CASE} } } }",
    "{ events(first: 10) { nodes { actor { name } incident {CASE} } } }",
    "{ people(first: 60) { nodes { name posts { type } } } grids(first: 9) { nodes { workers { name } } } }",
    "query ($mark: String!) { incidents(first: 9, search: $mark) { nodes { no } totalCount } }",
    "{ viewer { displayName } }",
)


@dataclass
class Report:
    """What was read, by whom it should not have been, and how often masking kept something back."""

    leaks: list[str] = field(default_factory=list)
    kinds_read: set[str] = field(default_factory=set)
    kept_back: int = 0


async def leaks_in(contest: Contest, rng: Random, generated: int) -> Report:
    """Every path for everybody, so many generated documents for some; the privileged viewer always asks first."""
    report, accounts = Report(), list(contest.ground.viewers)
    for request in _paths(contest.ground, rng):
        await _ask(contest, request, accounts, report)
    async for asked in contest.questions(rng, generated, (PRIVILEGED,)):
        await _ask(contest, asked.request, rng.sample(accounts, _SOME), report)
    return report


def _paths(ground: Ground, rng: Random) -> list[GraphQLRequest]:
    found = []
    for path in _PATHS:
        for number in ground.numbers[::30] if "$no" in path else ground.numbers[:1]:
            ids = [
                rng.choice(ground.ids[noun]) for noun in ("Complainant", "Media", "Person", "Incident") * 5
            ]
            document = path.replace("{CASE}", _CASE)
            given = {"no": number, "ids": ids, "mark": "ZQ00001QZ"}
            variables = {name: value for name, value in given.items() if f"${name}" in document}
            found.append(GraphQLRequest(document, variables))
    return found


async def _ask(contest: Contest, request: GraphQLRequest, accounts: Sequence[str], report: Report) -> None:
    ground, asked = contest.ground, Asked(request, PRIVILEGED)
    open_to_all = ground.marks.read(await contest.answer(contest.compiled, asked))
    report.kinds_read |= {it.kind for it in open_to_all}
    for account in accounts:
        viewer = ground.viewers[account]
        for engine in (contest.compiled, contest.ordinary):
            answer = await contest.answer(engine, replace(asked, account=account))
            leaked = ground.marks.leaked(answer, viewer)
            report.leaks += [f"{account} read {it.kind}: {request.document}" for it in leaked]
        report.kept_back += len(open_to_all - ground.marks.read(answer))
