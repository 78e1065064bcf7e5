"""Every root that reads cases shows each role exactly the cases that its ties open (design §7, R79, R81, R82)."""

from dataclasses import replace
from uuid import uuid4

import pytest

from domain.action import ActionName
from domain.case import Case
from domain.incident import IncidentState as S
from domain.permission import permitted
from domain.visibility import visibility_of
from tests.api.client import Client, Reply, gid
from tests.db.factories import District, a_case, a_complainant, a_district, new_id

pytestmark = pytest.mark.usefixtures("store")
PEOPLE = (
    *("acceptor", "shift_leader", "dispatcher", "inspector", "callback", "director", "supervisor", "auditor"),
    *(
        "sysadmin",
        "housing",
        "housing_lead",
        "civil",
        "civil_lead",
        "clerk",
        "worker",
        "volunteer",
        "resident",
    ),
)
ONE = {
    "incident by id": "{ found: incident(id: $id) { no } }",
    "incident by number": "{ found: incident(no: $no) { no } }",
    "node": "{ found: node(id: $id) { ... on Incident { no } } }",
    "nodes": "{ found: nodes(ids: [$id]) { ... on Incident { no } } }",
    "list": "{ found: incidents(first: 1, where: {no: {eq: $no}}) { nodes { no } } }",
    "count": "{ found: incidents(first: 1, where: {no: {eq: $no}}) { totalCount } }",
    "search": "{ found: incidents(first: 1, search: $no) { nodes { no } } }",
    "queue": "{ found: assignments(first: 1, where: {incidentIs: {no: {eq: $no}}}) "
    "{ nodes { incident { no } } } }",
    "events": "{ found: events(first: 1, filter: {incidentId: $id}) { nodes { incident { no } } } }",
}
KINDS = {"id": "ID!", "no": "String!"}


@pytest.fixture
async def district() -> District:
    return await a_district()


async def tied(district: District) -> dict[str, Case]:
    """A case of each kind of tie, with one event each."""
    person, region = district.viewer, district.regions
    own = replace(a_complainant(), id=new_id(), person_id=person("resident").person_id)
    grid = district.grids["G1"]
    elsewhere = next(it.id for it in region.values() if it.id not in {grid.region_id, region["D"].id})
    made = {
        "nobody's": await a_case(district, S.HANDLING, org="CIVIL", grid_id=None, region_id=elsewhere),
        "the housing office's": await a_case(district, S.HANDLING, grid_id=None, region_id=elsewhere),
        "of the grid": await a_case(district, S.REPORTED, grid_id=grid.id, region_id=grid.region_id),
        "the volunteer's": await a_case(
            district,
            S.REPORTED,
            grid_id=None,
            region_id=elsewhere,
            reporter_id=person("volunteer").person_id,
        ),
        "the resident's": await a_case(
            district, S.REPORTED, grid_id=None, region_id=elsewhere, complainant=own
        ),
    }
    for case in made.values():
        named = {"id": gid("Incident", case.incident.id), "expectedVersion": case.incident.version}
        await Client(person("director")).do("addNote", "note { id }", {**named, "text": "请注意"})
    return made


def shows(reply: Reply, no: str) -> bool:
    """Whether the answer holds the case."""
    found = (reply.data or {}).get("found")
    return no in str(found) or (isinstance(found, dict) and found.get("totalCount") == 1)


@pytest.mark.parametrize("root", ONE)
async def test_a_root_shows_each_person_the_cases_its_ties_open_and_no_others(
    district: District, root: str
) -> None:
    made = await tied(district)
    seen = 0
    for username in PEOPLE:
        viewer = district.viewer(username)
        for tie, case in made.items():
            variables = {"id": gid("Incident", case.incident.id), "no": case.incident.no}
            expected = visibility_of(viewer).sees(case.scopes())
            if root == "queue":
                expected = expected and bool(case.assignments)
            declared = {name: kind for name, kind in KINDS.items() if f"${name}" in ONE[root]}
            head = ", ".join(f"${name}: {kind}" for name, kind in declared.items())
            given = {name: variables[name] for name in declared}
            reply = await Client(viewer).run(f"query ({head}) {ONE[root]}", **given)
            assert shows(reply, case.incident.no) is expected, (username, tie)
            seen += expected
            if expected:
                bound = Client(replace(viewer, recused=frozenset({case.incident.id})))
                reply = await bound.run(f"query ({head}) {ONE[root]}", **given)
                assert not shows(reply, case.incident.no), (username, tie, "R82")
    assert 0 < seen < len(PEOPLE) * len(made)


async def test_a_command_reaches_the_cases_that_are_seen_and_answers_of_others_as_of_none(
    district: District,
) -> None:
    """R79: outside the own region, grid and unit there is no case to act on, whatever the command's input."""
    made, answered = await tied(district), set()
    for username in PEOPLE:
        viewer = district.viewer(username)
        for tie, case in made.items():
            seen = visibility_of(viewer).sees(case.scopes())
            for version in (0, 10**6):
                given = {
                    "id": gid("Incident", case.incident.id),
                    "expectedVersion": version,
                    "text": "请注意",
                }
                (refusal,) = await Client(viewer).refused("addNote", given)
                known = ("CONFLICT", "expectedVersion") if seen else ("NOT_FOUND", "id")
                expected = known if permitted(viewer, ActionName.addNote) else ("FORBIDDEN", None)
                assert refusal == expected, (username, tie)
                answered.add(refusal[0])
    assert answered == {"CONFLICT", "NOT_FOUND", "FORBIDDEN"}


async def test_no_command_on_a_case_is_open_to_who_declared_an_interest(district: District) -> None:
    case = await a_case(district, S.HANDLING, complainant=a_complainant())
    row = case.assignments[0]
    document = "query ($id: ID!) { node(id: $id) { id } }"
    for username in ("housing_lead", "acceptor", "director"):
        bound = replace(district.viewer(username), recused=frozenset({case.incident.id}))
        for key in (gid("Incident", case.incident.id), gid("Assignment", row.id)):
            assert (await Client(bound).ask(document, id=key)) == {"node": None}
        named = {"id": gid("Incident", case.incident.id), "expectedVersion": case.incident.version}
        refusal = await Client(bound).refused(
            "addNote", {**named, "text": "x", "idempotencyKey": str(uuid4())}
        )
        assert refusal == [("FORBIDDEN", None)]
