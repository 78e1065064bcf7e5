"""The actors know every command of the schema, and fill in each input as the schema wants it."""

import random
from datetime import UTC, datetime

import pytest
from graphql import GraphQLError, GraphQLInputType, GraphQLSchema, build_schema
from graphql.utilities import validate_input_value

from domain.life.transition import CASE_ACTIONS, ROW_ACTIONS
from tests.feed_rig.actors.moves import LEFT_OUT, MOVES, REPORT
from tests.feed_rig.actors.scene import LEADS, Scene
from tests.feed_rig.record import Row
from tests.text_rules import ROOT

AT = "2024-10-21T09:00:00+08:00"
UNITS = {code: f"unit {code}" for code in LEADS}
ROW: Row = {
    "id": "row",
    "version": 2,
    "state": "ACCEPTED",
    "role": "LEAD",
    "dispatchedAt": AT,
    "orgUnit": {"id": UNITS["GCL-ZJJ"], "code": "GCL-ZJJ"},
    "milestones": [{"name": "停工", "doneAt": AT}, {"name": "处罚", "doneAt": None}],
}
CALL = {"id": "call", "orgUnit": {"code": "GCL-ZJJ"}, "signedAt": AT, "contactedAt": None, "arrivedAt": None}
CASE: Row = {
    "id": "case",
    "version": 3,
    "state": "HANDLING",
    "publicCode": "C1",
    "category": {"code": "HJ-JS-YP"},
    "supervisions": [{"id": "card", "repliedAt": None, "cancelledAt": None}],
    "notes": [{"id": "note", "kind": "INSTRUCTION", "receivedAt": None}],
    "whistles": [{"calls": [CALL]}],
    "assignments": [ROW],
}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"), assume_valid=True)


def _scene(seed: int) -> Scene:
    chance = random.Random(seed)  # noqa: S311 - a scene that can be drawn again
    around = ["case", "other"]
    return Scene(
        CASE, ROW, around, UNITS, {"GCL-ZJJ": "person"}, chance, datetime(2024, 10, 21, tzinfo=UTC), "p"
    )


def _wrong(value: Row, wanted: GraphQLInputType) -> list[str]:
    found: list[str] = []

    def told(error: GraphQLError, path: list[str | int]) -> None:
        found.append(f"{path}: {error.message}")

    validate_input_value(value, wanted, told)
    return found


def test_every_command_of_the_schema_is_given_or_left_out_for_a_reason(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    known = set(schema.mutation_type.fields)
    given = {REPORT, *MOVES}
    assert given | set(LEFT_OUT) == known
    assert not given & set(LEFT_OUT)
    assert all(LEFT_OUT.values())


def test_no_step_of_a_cases_life_is_left_out() -> None:
    steps = {it.value for it in (*CASE_ACTIONS, *ROW_ACTIONS)}
    assert len(steps) > 50
    assert steps <= set(MOVES)


@pytest.mark.parametrize("mutation", MOVES)
def test_an_input_is_filled_in_as_the_schema_wants_it(schema: GraphQLSchema, mutation: str) -> None:
    assert schema.mutation_type is not None
    wanted = schema.mutation_type.fields[mutation].args["input"].type
    for seed in range(20):
        filled = MOVES[mutation].given(_scene(seed))
        assert filled is not None
        assert _wrong({**filled, "idempotencyKey": "key"}, wanted) == []
        assert ("id" in filled) is bool(MOVES[mutation].of)


def test_a_move_on_an_assignment_needs_one() -> None:
    scene = _scene(1)
    bare = Scene(CASE, None, ["case"], UNITS, {}, scene.chance, scene.now)
    assert MOVES["acceptAssignment"].given(bare) is None
    assert MOVES["mergeIncident"].given(bare) is None  # there is no other case
