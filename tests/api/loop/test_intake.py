"""Before filing and the other ways out, through the schema (T3 to T9, T36, T40): done, refused, sent twice."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.ids import decode
from db import cases, dictionaries
from db.unit_of_work import in_transaction
from domain.case import Case
from domain.incident import IncidentState as S
from services import media
from services.command import SYSTEM
from tests.api.client import Client, gid
from tests.db.district import new_id
from tests.db.factories import NOW, District, a_case, a_complainant, a_district
from tests.services.pictures import jpeg

pytestmark = pytest.mark.usefixtures("store")
CASE = "incident { id version state outcome rejectReason publicStatus clocks { type pausedAt stoppedAt } }"
Row = dict[str, Any]
Refusal = tuple[str, str | None, str | None]


@dataclass
class Counter:
    """One case, and everybody's client at the time of the test's choice."""

    district: District
    id: str = ""
    now: datetime = NOW

    def by(self, username: str) -> Client:
        """Somebody's client."""
        return Client(self.district.viewer(username), now=self.now)

    async def case(self) -> Case:
        """The case as it is stored."""
        key = decode(self.id, "Incident")
        return (await cases.cases([key], viewer=SYSTEM))[key]

    async def put(self, state: S = S.REPORTED, **changes: Any) -> Case:
        """The case that is worked on."""
        made = await a_case(self.district, state, **changes)
        self.id = gid("Incident", made.incident.id)
        return made

    async def seen(self, **given: Any) -> Row:
        """A command's input on the case as it is now."""
        return {"id": self.id, "expectedVersion": (await self.case()).incident.version, **given}

    async def done(self, username: str, mutation: str, **given: Any) -> Row:
        """A command that succeeds, answers the same when it is sent again, and is a conflict under a new key."""
        asked = await self.seen(**given)
        keyed = {**asked, "idempotencyKey": str(uuid4())}
        made = await self.by(username).do(mutation, CASE, keyed)
        assert await self.by(username).do(mutation, CASE, keyed) == made
        assert await self.refused(username, mutation, **asked) == ("CONFLICT", "expectedVersion", None)
        incident: Row = made["incident"]
        return incident

    async def refused(self, username: str, mutation: str, **given: Any) -> Refusal:
        """Code, field and rule of a refusal, which changed nothing."""
        before = await self.case()
        name = f"{mutation[0].upper()}{mutation[1:]}Input!"
        document = f"mutation ($input: {name}) {{ {mutation}(input: $input) {{ __typename }} }}"
        asked = {"idempotencyKey": str(uuid4()), **await self.seen(**given)}
        told = (await self.by(username).run(document, input=asked)).errors[0]["extensions"]
        assert await self.case() == before
        return told["code"], told.get("field"), told.get("rule")

    async def photo(self, username: str) -> str:
        """An upload of somebody's."""
        stored = await media.store(self.district.viewer(username), jpeg(), now=self.now)
        return gid("Media", stored.id)


@pytest.fixture
async def counter(tmp_path: Path) -> Counter:
    media.install(tmp_path / "media")
    return Counter(await a_district())


def running(row: Row) -> set[str]:
    return {it["type"] for it in row["clocks"] if not it["stoppedAt"] and not it["pausedAt"]}


async def found_on_patrol(counter: Counter, *, allowed: bool = True) -> None:
    """What a grid worker found, of a category that may be handled on the spot."""
    kind = replace(counter.district.categories["NOISE"], id=new_id(), code="SWEEP", self_handling=allowed)
    await in_transaction(lambda work: dictionaries.insert_categories(work, [kind]))
    counter.district = replace(counter.district, categories={**counter.district.categories, "SWEEP": kind})
    worker = counter.district.viewer("worker")
    await counter.put(
        category_id=kind.id,
        reporter_id=worker.person_id,
        grid_id=counter.district.grids["G1"].id,
    )


async def test_t3_t4_what_was_handled_on_the_spot_is_closed_by_the_acceptor(counter: Counter) -> None:
    await found_on_patrol(counter)
    told: Row = {"outcome": "SOLVED", "resultText": "已清扫"}
    assert await counter.refused("acceptor", "selfHandleIncident", **told) == ("FORBIDDEN", None, None)
    wanting = {**told, "beforeMediaIds": [await counter.photo("worker")]}
    assert await counter.refused("worker", "selfHandleIncident", **wanting) == (
        "GUARD_FAILED",
        "afterMediaIds",
        "T3",
    )
    told |= {
        "beforeMediaIds": [await counter.photo("worker")],
        "afterMediaIds": [await counter.photo("worker")],
    }
    row = await counter.done("worker", "selfHandleIncident", **told)
    assert (row["state"], running(row)) == ("SELF_DONE", {"CHECK"})
    review = {"accept": True, "text": "属实"}
    assert await counter.refused("worker", "reviewSelfHandled", **review) == ("FORBIDDEN", None, None)
    assert (await counter.refused("acceptor", "reviewSelfHandled", accept=True, text=" "))[:2] == (
        "BAD_INPUT",
        "text",
    )
    row = await counter.done("acceptor", "reviewSelfHandled", **review)
    assert (row["state"], row["outcome"], running(row)) == ("CLOSED", "SOLVED", {"ARCHIVE"})


async def test_t4_what_does_not_hold_is_reported_again_with_the_time_it_had(counter: Counter) -> None:
    await found_on_patrol(counter)
    photos = {
        "beforeMediaIds": [await counter.photo("worker")],
        "afterMediaIds": [await counter.photo("worker")],
    }
    await counter.done("worker", "selfHandleIncident", outcome="SOLVED", resultText="已清扫", **photos)
    row = await counter.done("acceptor", "reviewSelfHandled", accept=False, text="照片不符")
    assert (row["state"], running(row)) == ("REPORTED", {"INTAKE"})
    assert (await counter.refused("acceptor", "reviewSelfHandled", accept=True, text="好"))[0] == (
        "ILLEGAL_TRANSITION"
    )


async def test_t3_is_not_for_every_category(counter: Counter) -> None:
    await found_on_patrol(counter, allowed=False)
    told = {"outcome": "SOLVED", "resultText": "已清扫"}
    assert await counter.refused("worker", "selfHandleIncident", **told) == ("GUARD_FAILED", None, "T3")


async def test_t6_t6b_a_case_goes_to_whom_it_belongs_and_comes_back(counter: Counter) -> None:
    await counter.put(complainant=a_complainant())
    told = {"target": "POLICE_110", "replyText": "已转公安处理"}
    assert await counter.refused("acceptor", "transferIncident", **told) == ("GUARD_FAILED", "receiver", "T6")
    assert (await counter.refused("dispatcher", "transferIncident", **told))[0] == "FORBIDDEN"
    row = await counter.done("acceptor", "transferIncident", receiver="值班民警", **told)
    assert (row["state"], row["publicStatus"], running(row)) == ("TRANSFERRED", "ANSWERED", {"ARCHIVE"})
    assert [it.text for it in (await counter.case()).notes] == ["已转公安处理"]
    counter.now += timedelta(days=20)
    assert await counter.refused("shift_leader", "reinstateIncident", reason="应受理") == (
        "GUARD_FAILED",
        None,
        "T5b",
    )
    row = await counter.done("shift_leader", "reinstateIncident", reason="对方拒收", receiverRefused=True)
    assert (row["state"], running(row)) == ("REPORTED", {"INTAKE"})


async def test_t5b_a_rejected_case_is_taken_back_within_five_working_days(counter: Counter) -> None:
    await counter.put(complainant=a_complainant())
    await counter.done("acceptor", "rejectIncident", reason="OUTSIDE_DUTY", replyText="不属受理范围")
    assert (await counter.refused("acceptor", "reinstateIncident", reason="应受理"))[0] == "FORBIDDEN"
    counter.now += timedelta(days=3)
    row = await counter.done("shift_leader", "reinstateIncident", reason="应受理")
    assert (row["state"], row["rejectReason"], running(row)) == ("REPORTED", None, {"INTAKE"})
    assert (await counter.refused("shift_leader", "reinstateIncident", reason="再次"))[0] == (
        "ILLEGAL_TRANSITION"
    )


async def test_t8_t9_a_report_is_verified_on_site_by_somebody_else(counter: Counter) -> None:
    made = await counter.put(grid_id=counter.district.grids["G1"].id)
    row = await counter.done("acceptor", "requestVerification")
    assert (row["state"], running(row)) == ("VERIFYING", {"VERIFY"})
    spot = made.incident.spot
    assert spot is not None
    there = {"lng": spot.lng, "lat": spot.lat, "crs": "WGS84"}
    away = {**there, "lng": spot.lng + 0.01}
    photo = [await counter.photo("worker")]
    for username, given, refusal in (
        ("worker", {"result": "PASS", "point": there}, ("GUARD_FAILED", "mediaIds", "T9")),
        (
            "worker",
            {"result": "PASS", "mediaIds": photo, "point": away},
            ("GUARD_FAILED", "point", "T9"),
        ),
        ("callback", {"result": "PASS"}, ("FORBIDDEN", None, None)),
    ):
        assert await counter.refused(username, "recordVerification", **given) == refusal
    row = await counter.done("worker", "recordVerification", result="PASS", point=there, mediaIds=photo)
    assert (row["state"], running(row)) == ("REPORTED", {"INTAKE"})


ENDINGS = {
    "REJECT": ({"rejectReason": "OUTSIDE_DUTY", "replyText": "不属受理范围"}, "REJECTED", "T5"),
    "TRANSFER": ({"transferTarget": "COURT", "replyText": "请向法院提出"}, "TRANSFERRED", "T6"),
    "VERIFY": ({}, "VERIFYING", "T8"),
    "VOID": ({"voidReason": "MISTAKEN", "replyText": "系误报"}, "VOIDED", "T36"),
}


@pytest.mark.parametrize("kind", ENDINGS)
async def test_a_filed_case_ends_otherwise_by_two_people(counter: Counter, kind: str) -> None:
    given, state, rule = ENDINGS[kind]
    await counter.put(S.FILED, complainant=a_complainant())
    proposal = {"kind": kind, "text": "退单后查明", **given}
    assert (await counter.refused("callback", "proposeEnding", **{**proposal, "kind": "REJECT"})) == (
        "FORBIDDEN",
        "kind",
        "T5",
    )
    if given:
        assert (await counter.refused("dispatcher", "proposeEnding", kind=kind, text="退单后查明"))[0::2] == (
            "GUARD_FAILED",
            rule,
        )
    row = await counter.done("dispatcher", "proposeEnding", **proposal)
    assert row["state"] == "FILED"
    assert await counter.refused("dispatcher", "proposeEnding", **proposal) == (
        "ILLEGAL_TRANSITION",
        None,
        "B.5",
    )
    assert (await counter.refused("dispatcher", "decideEnding", accept=True, text="同意"))[0] == "FORBIDDEN"
    row = await counter.done("shift_leader", "decideEnding", accept=True, text="同意")
    assert row["state"] == state


async def test_a_refused_proposal_leaves_the_case_as_it_was(counter: Counter) -> None:
    await counter.put(S.FILED)
    before = running(await counter.done("dispatcher", "proposeEnding", kind="VERIFY", text="须核实"))
    row = await counter.done("shift_leader", "decideEnding", accept=False, text="不必")
    assert (row["state"], running(row)) == ("FILED", before)


async def test_t36_a_case_is_voided_when_another_person_approves(counter: Counter) -> None:
    await counter.put(S.HANDLING)
    assert await counter.refused("shift_leader", "voidIncident", text="同意") == ("GUARD_FAILED", None, "T36")
    await counter.done("shift_leader", "proposeEnding", kind="VOID", text="测试件", voidReason="TEST")
    assert (await counter.refused("shift_leader", "voidIncident", text="同意"))[0] == "FORBIDDEN"
    assert (await counter.refused("director", "voidIncident", text="同意"))[0] == "FORBIDDEN"


async def test_t36_an_acceptors_proposal_is_approved_by_the_shift_leader(counter: Counter) -> None:
    await counter.put(S.HANDLING)
    await counter.done("acceptor", "proposeEnding", kind="VOID", text="误报", voidReason="MISTAKEN")
    row = await counter.done("shift_leader", "voidIncident", text="同意作废")
    assert (row["state"], row["outcome"], running(row)) == ("VOIDED", "VOID", {"ARCHIVE"})
    case = await counter.case()
    assert {it.state.value for it in case.assignments} == {"CANCELLED"}


async def test_t33_an_unreasonable_request_is_proposed_and_decided_by_the_director(counter: Counter) -> None:
    await counter.put(S.FOLLOWUP, complainant=a_complainant())
    await counter.done("callback", "proposeEnding", kind="UNREASONABLE", text="诉求超出政策")
    assert (await counter.refused("shift_leader", "decideEnding", accept=True, text="同意"))[0] == "FORBIDDEN"
    row = await counter.done("director", "decideEnding", accept=False, text="再做工作")
    assert row["state"] == "FOLLOWUP"


async def test_t40_a_withdrawal_ends_the_case_once_it_is_confirmed_by_a_call(counter: Counter) -> None:
    resident = counter.district.viewer("resident")
    await counter.put(S.HANDLING, complainant=replace(a_complainant(), person_id=resident.person_id))
    assert (await counter.refused("callback", "withdrawIncident", text="不用了"))[0] == "FORBIDDEN"
    row = await counter.done("resident", "withdrawIncident", text="已自行解决")
    assert row["state"] == "HANDLING"
    assert (await counter.refused("shift_leader", "decideEnding", accept=True, text="已确认"))[
        0
    ] == "FORBIDDEN"
    row = await counter.done("callback", "decideEnding", accept=True, text="电话确认撤回")
    assert (row["state"], row["outcome"], running(row)) == ("CLOSED", "WITHDRAWN", {"ARCHIVE"})


async def test_t40_nobody_withdraws_what_nobody_asked(counter: Counter) -> None:
    await counter.put(S.HANDLING)
    assert await counter.refused("acceptor", "withdrawIncident", text="不用了") == (
        "GUARD_FAILED",
        None,
        "T40",
    )
