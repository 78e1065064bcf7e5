"""A street whistles for units: signing, calling and coming in time, and both sides rated (R33, R34)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from db import event_log
from domain.incident import IncidentState
from tests.api.client import Client, gid
from tests.db.factories import NOW, District, a_case, a_district

pytestmark = pytest.mark.usefixtures("store")
CALL = (
    "id signDueAt contactDueAt arriveDueAt signedAt contactedAt arrivedAt rating ratedBack orgUnit { code }"
)
WHISTLE = f"whistle {{ id kind text orgUnit {{ code }} blownBy {{ name }} calls {{ {CALL} }} }}"
ANSWER = f"call {{ {CALL} whistle {{ text incident {{ no }} }} }}"
Row = dict[str, Any]


class Street:
    """A dispatched case, the community's clerk who whistles, and the bureaus that are called."""

    def __init__(self, district: District, incident: Row) -> None:
        self.district = district
        self.incident = incident
        self.now = NOW

    def as_(self, username: str) -> Client:
        """Somebody's client, now."""
        return Client(self.district.viewer(username), self.now)

    def asked(self, **changes: Any) -> Row:
        """A whistle for the civil bureau."""
        units = [gid("OrgUnit", self.district.orgs["CIVIL"].id)]
        return {
            "id": self.incident["id"],
            "expectedVersion": self.incident["version"],
            "kind": "ROUTINE",
            "text": "三方会商占道问题",
            "orgUnitIds": units,
            **changes,
        }

    async def blown(self, **changes: Any) -> Row:
        """The whistle."""
        made = await self.as_("clerk").do(
            "blowWhistle", f"incident {{ version }} {WHISTLE}", self.asked(**changes)
        )
        whistle: Row = made["whistle"]
        return whistle

    async def did(self, call: Row, step: str) -> Row:
        """One step of the civil bureau's."""
        made = await self.as_("civil").do("answerWhistle", ANSWER, {"callId": call["id"], "step": step})
        done: Row = made["call"]
        return done

    async def refused(self, client: Client, mutation: str, given: Row) -> tuple[str, str | None, str | None]:
        """The code, rule and field of a refusal."""
        name = mutation[0].upper() + mutation[1:]
        document = f"mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ __typename }} }}"
        reply = await client.run(document, input={"idempotencyKey": str(uuid4()), **given})
        extensions = reply.errors[0]["extensions"]
        return extensions["code"], extensions.get("rule"), extensions.get("field")


@pytest.fixture
async def street() -> Street:
    district = await a_district()
    case = await a_case(
        district,
        IncidentState.DISPATCHED,
        region_id=district.regions["C1"].id,
        grid_id=district.grids["G1"].id,
    )
    row = {"id": gid("Incident", case.incident.id), "version": case.incident.version}
    return Street(district, row)


async def test_the_unit_signs_calls_and_comes_and_both_sides_are_rated(street: Street) -> None:
    whistle = await street.blown()
    (call,) = whistle["calls"]
    assert (whistle["orgUnit"], call["orgUnit"]) == ({"code": "COMMUNITY"}, {"code": "CIVIL"})
    assert [call[it] for it in ("signDueAt", "contactDueAt", "arriveDueAt")] == [
        "2024-10-24T10:00:00+08:00",
        "2024-10-25T09:00:00+08:00",
        "2024-10-29T17:00:00+08:00",
    ]
    waiting = "{ whistleCalls(first: 5) { id whistle { text } } }"
    assert (await street.as_("civil").ask(waiting))["whistleCalls"] == [
        {"id": call["id"], "whistle": {"text": "三方会商占道问题"}}
    ]
    assert (await street.as_("housing").ask(waiting))["whistleCalls"] == []
    for step, field in (("SIGN", "signedAt"), ("CONTACT", "contactedAt"), ("ARRIVE", "arrivedAt")):
        done = await street.did(call, step)
        assert done[field] == "2024-10-24T09:00:00+08:00"
        assert done["whistle"] == {"text": "三方会商占道问题", "incident": None}
    assert (await street.as_("civil").ask(waiting))["whistleCalls"] == []
    rating = {"callId": call["id"], "rating": 4, "text": "到场及时"}
    made = await street.as_("clerk").do("rateWhistle", ANSWER, rating)
    assert (made["call"]["rating"], made["call"]["ratedBack"]) == (4, None)
    made = await street.as_("civil_lead").do("rateWhistle", ANSWER, {**rating, "rating": 5})
    assert (made["call"]["rating"], made["call"]["ratedBack"]) == (4, 5)
    shown = f"query ($id: ID!) {{ incident(id: $id) {{ version whistles {{ text calls {{ {CALL} }} }} }} }}"
    found = (await street.as_("director").ask(shown, id=street.incident["id"]))["incident"]
    assert found["version"] == street.incident["version"]
    assert found["whistles"][0]["calls"][0]["ratedBack"] == 5


async def test_every_step_of_a_whistle_is_told_of_without_its_words(street: Street) -> None:
    whistle = await street.blown()
    await street.did(whistle["calls"][0], "SIGN")
    told = [it.event for it in await event_log.read(0, 100) if it.event.row in {"R33", "R34"}]
    assert [(it.action and it.action.value, it.data.get("step")) for it in told] == [
        ("blowWhistle", None),
        ("answerWhistle", "SIGN"),
    ]
    assert "会商" not in str([it.data for it in told])


@pytest.mark.parametrize(
    ("kind", "due"),
    [
        ("EMERGENCY", "2024-10-24T11:00:00+08:00"),
        ("ROUTINE", "2024-10-29T17:00:00+08:00"),
        ("TOUGH", "2024-10-31T17:00:00+08:00"),
    ],
)
async def test_the_kind_decides_when_the_unit_is_due_on_the_spot(street: Street, kind: str, due: str) -> None:
    assert (await street.blown(kind=kind))["calls"][0]["arriveDueAt"] == due


async def test_a_whistle_is_blown_by_the_street_about_its_own_case_alone(street: Street) -> None:
    own = gid("OrgUnit", street.district.orgs["COMMUNITY"].id)
    civil = street.asked()["orgUnitIds"]
    clerk = street.as_("clerk")
    for given, refusal in (
        (street.asked(text=" "), ("BAD_INPUT", None, "text")),
        (street.asked(orgUnitIds=[]), ("GUARD_FAILED", "R33", "orgUnitIds")),
        (street.asked(orgUnitIds=[own]), ("GUARD_FAILED", "R33", "orgUnitIds")),
        (street.asked(orgUnitIds=civil * 2), ("GUARD_FAILED", "R33", "orgUnitIds")),
        (street.asked(orgUnitIds=[gid("OrgUnit", uuid4())]), ("NOT_FOUND", None, "orgUnitIds")),
        (street.asked(expectedVersion=9), ("CONFLICT", None, "expectedVersion")),
    ):
        assert await street.refused(clerk, "blowWhistle", given) == refusal
    assert await street.refused(street.as_("dispatcher"), "blowWhistle", street.asked()) == (
        "FORBIDDEN",
        None,
        None,
    )
    # the housing bureau leads the case, and is no street
    assert await street.refused(street.as_("housing_lead"), "blowWhistle", street.asked()) == (
        "FORBIDDEN",
        "R33",
        None,
    )
    elsewhere = await a_case(street.district, IncidentState.FILED, region_id=street.district.regions["C3"].id)
    far = street.asked(id=gid("Incident", elsewhere.incident.id))
    assert await street.refused(clerk, "blowWhistle", far) == ("NOT_FOUND", None, "id")
    reported = await a_case(street.district, region_id=street.district.regions["C1"].id)
    early = street.asked(id=gid("Incident", reported.incident.id))
    assert await street.refused(clerk, "blowWhistle", early) == ("ILLEGAL_TRANSITION", "R33", None)


async def test_a_step_is_taken_once_by_the_unit_that_was_called(street: Street) -> None:
    (call,) = (await street.blown())["calls"]
    civil = street.as_("civil")
    arrived, signed = ({"callId": call["id"], "step": step} for step in ("ARRIVE", "SIGN"))
    assert await street.refused(civil, "answerWhistle", arrived) == ("ILLEGAL_TRANSITION", "R33", None)
    assert await street.refused(street.as_("housing"), "answerWhistle", signed) == ("FORBIDDEN", "R33", None)
    assert await street.refused(street.as_("clerk"), "answerWhistle", signed) == ("FORBIDDEN", None, None)
    unknown = {**signed, "callId": gid("WhistleCall", uuid4())}
    assert await street.refused(civil, "answerWhistle", unknown) == ("NOT_FOUND", None, "callId")
    keyed = {**signed, "idempotencyKey": str(uuid4())}
    made = await civil.do("answerWhistle", ANSWER, keyed)
    assert await civil.do("answerWhistle", ANSWER, keyed) == made
    assert await street.refused(civil, "answerWhistle", signed) == ("ILLEGAL_TRANSITION", "R33", None)


async def test_a_unit_that_never_came_is_rated_once_its_time_is_over(street: Street) -> None:
    (call,) = (await street.blown(kind="EMERGENCY"))["calls"]
    rating = {"callId": call["id"], "rating": 1}
    clerk = street.as_("clerk")
    assert await street.refused(clerk, "rateWhistle", rating) == ("ILLEGAL_TRANSITION", "R34", None)
    street.now += timedelta(hours=2, seconds=1)
    clerk = street.as_("clerk")
    assert await street.refused(clerk, "rateWhistle", {**rating, "rating": 6}) == (
        "BAD_INPUT",
        "R34",
        "rating",
    )
    assert (await clerk.do("rateWhistle", ANSWER, rating))["call"]["rating"] == 1
    assert await street.refused(clerk, "rateWhistle", rating) == ("ILLEGAL_TRANSITION", "R34", None)


async def test_a_third_party_rates_nobody(street: Street) -> None:
    (call,) = (await street.blown())["calls"]
    street.now += timedelta(days=9)
    rating = {"callId": call["id"], "rating": 3}
    assert await street.refused(street.as_("housing_lead"), "rateWhistle", rating) == (
        "FORBIDDEN",
        "R34",
        None,
    )
    assert await street.refused(street.as_("civil"), "rateWhistle", rating) == ("FORBIDDEN", None, None)
