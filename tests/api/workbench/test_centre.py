"""The desks of the command centre, of inspectors and of who asks at the door (S39, S31, S49, S50); rights of all."""

from datetime import UTC, datetime

import pytest

from api.ids import encode
from domain.errors import DomainError
from domain.incident import IncidentState, Source
from domain.loop.workbench import READERS, Desk
from domain.person import ROLES_OF_POST
from domain.verification import CheckResult
from services.loop import intake
from tests.api.client import Client
from tests.api.workbench.bench import COUNTS, ENTRIES, Bench, a_bench

pytestmark = pytest.mark.usefixtures("store")
FRIDAY_EVENING = datetime(2024, 10, 25, 9, 0, 1, tzinfo=UTC)
"""A working day after Thursday morning is over."""


@pytest.fixture
async def bench(store: str) -> Bench:  # noqa: ARG001 - the store must be open
    return await a_bench()


async def test_a_case_returned_twice_or_not_dispatched_for_a_day_is_hard(bench: Bench) -> None:
    """S39."""
    await bench.give("HOUSING")
    await bench.give_back("HOUSING")
    assert await bench.why("dispatcher", "HARD_CASES") == []
    await bench.dispatch("CIVIL", basis="三定方案")
    await bench.ask_return("CIVIL")
    assert await bench.why("dispatcher", "HARD_CASES") == [("RETURNED_OFTEN",)]
    await bench.walk(2)
    bench.now = FRIDAY_EVENING
    found = await bench.on("dispatcher", "HARD_CASES")
    assert sorted(it["why"] for it in found) == [["RETURNED_OFTEN"], ["UNDISPATCHED"]]
    (filed,) = await bench.on("dispatcher", "HARD_CASES", why={"eq": "UNDISPATCHED"})
    assert filed["incident"]["state"] == "FILED"
    assert filed["incident"]["id"] == encode("Incident", bench.id)
    await bench.dispatch()
    assert await bench.why("dispatcher", "HARD_CASES") == [("RETURNED_OFTEN",)]


async def test_a_case_from_outside_that_nobody_has_been_given_for_a_day_is_listed(bench: Bench) -> None:
    """S31."""
    await bench.report(source=Source.POLICE_110)
    listed = bench.id
    await bench.report("volunteer", source=Source.VOLUNTEER_MP, complainant=None)
    await bench.give("HOUSING")
    assert await bench.on("acceptor", "EXTERNALS") == []
    bench.now = FRIDAY_EVENING
    (task,) = await bench.on("acceptor", "EXTERNALS")
    assert task["incident"]["id"] == encode("Incident", listed)
    bench.id = listed
    await bench.file()
    assert len(await bench.on("dispatcher", "EXTERNALS")) == 1
    await bench.dispatch()
    assert await bench.on("dispatcher", "EXTERNALS") == []


async def test_a_check_is_an_inspector_s_task_until_it_is_made(bench: Bench) -> None:
    await bench.walk(7)
    (task,) = await bench.on("inspector", "CHECKS")
    assert task["verification"]["phase"] == "COMPLETION"
    assert task["dueAt"] is not None
    bench.later(days=4)
    (late,) = await bench.on("inspector", "CHECKS")
    assert late["lateMinutes"] > 0
    assert await bench.on("clerk", "CHECKS") == []  # given to no unit of theirs
    await bench.check(result=CheckResult.UNABLE, note="无人应答")
    assert await bench.on("inspector", "CHECKS") == []  # it is another person's task now (T28b)
    assert len(await bench.on("inspector2", "CHECKS")) == 1
    await bench.check("inspector2")
    assert await bench.on("inspector2", "CHECKS") == []


async def test_a_verification_before_filing_is_also_a_task_of_the_grid_s_worker(bench: Bench) -> None:
    await bench.report()
    given = intake.RequestVerification(**await bench.target())
    await intake.request_verification(bench.call("acceptor"), given)
    for name in ("inspector", "worker"):
        (task,) = await bench.on(name, "CHECKS")
        assert task["verification"]["phase"] == "INTAKE"
    assert await bench.on("clerk", "CHECKS") == []


async def test_follow_ups_and_opinions_are_tasks_of_who_asks(bench: Bench) -> None:
    """S49: whoever is dissatisfied is asked at the door too, within three working days."""
    await bench.walk(8)
    (task,) = await bench.on("callback", "FOLLOW_UPS")
    assert task["followUp"]["layer"] == "COMMAND"
    assert await bench.on("clerk", "OPINIONS") == []
    await bench.grumble()
    assert await bench.on("callback", "FOLLOW_UPS") == []
    for name in ("clerk", "worker", "callback"):
        (task,) = await bench.on(name, "OPINIONS")
        assert (task["followUp"]["layer"], task["why"]) == ("COMMUNITY", [])
        assert task["dueAt"] == "2024-10-29T17:00:00+08:00"


async def test_a_sample_of_results_is_asked_about_at_the_door_before_the_case_closes(bench: Bench) -> None:
    """S49: the share is a policy value; whoever was not drawn is not asked."""
    await bench.walk(8)
    assert await bench.on("clerk", "OPINIONS") == []
    await bench.sample(100)
    await bench.followed_up()
    (task,) = await bench.on("clerk", "OPINIONS")
    assert (task["why"], task["followUp"]["sampled"]) == (["SAMPLED"], True)
    assert task["dueAt"] == "2024-10-29T17:00:00+08:00"  # three working days
    with pytest.raises(DomainError, match="FOLLOWUP_REQUIRED"):
        await bench.close()
    await bench.visit("clerk")
    assert await bench.on("clerk", "OPINIONS") == []
    await bench.close()
    assert (await bench.case()).incident.state is IncidentState.CLOSED


async def test_open_loops_are_listed_by_age_until_they_close(bench: Bench) -> None:
    """S50."""
    await bench.give("HOUSING")
    bench.later(days=10)
    await bench.give("CIVIL")
    assert len(await bench.on("director", "OPEN_LOOPS")) == 2
    old = {"since": {"lt": bench.now.isoformat()}}
    assert len(await bench.on("director", "OPEN_LOOPS", **old)) == 1
    assert len(await bench.on("civil", "OPEN_LOOPS")) == 1  # what they may see


async def test_whoever_does_not_work_at_a_desk_is_refused_and_counts_none(bench: Bench) -> None:
    posts = {it.person_id: it.type for it in bench.district.posts.values()}
    for name, person in bench.district.people.items():
        roles = ROLES_OF_POST[posts[person.id]]
        counted = (await bench.client(name).ask(COUNTS))["workbenchCounts"]
        assert [it["desk"] for it in counted] == [it.value for it in Desk if roles & READERS[it]]
        for desk in Desk:
            reply = await bench.reply(name, desk.value)
            refused = [] if roles & READERS[desk] else [("FORBIDDEN", "desk")]
            assert reply.refusals == refused, (name, desk)
    assert (await Client().run(ENTRIES, desk="OVERDUE", first=1)).refusals == [("UNAUTHENTICATED", None)]
    assert (await Client().run(COUNTS)).refusals == [("UNAUTHENTICATED", None)]


async def test_a_case_that_somebody_keeps_out_of_is_on_none_of_their_desks(bench: Bench) -> None:
    """R82."""
    await bench.walk(7)
    assert await bench.of_case("inspector", "CHECKS")
    reply = await bench.recused("inspector").run(ENTRIES, desk="CHECKS", first=10)
    assert reply.data["workbench"]["nodes"] == []
    assert reply.data["workbench"]["totalCount"] == 0


async def _handled_by_the_community(bench: Bench) -> None:
    """A case that the community of the place worked on, and the check found done."""
    await bench.walk(2)
    await bench.dispatch("COMMUNITY", basis="属地")
    await bench.accept("community_lead")
    await bench.done_by("community_lead")
    await bench.request_check()
    await bench.check()


async def test_who_handled_a_case_neither_checks_nor_asks_about_it(bench: Bench) -> None:
    """B.6 E, trap 28."""
    await _handled_by_the_community(bench)
    await bench.grumble()
    assert len(await bench.on("callback", "OPINIONS")) == 1
    assert await bench.on("clerk", "OPINIONS") == await bench.on("worker", "OPINIONS") == []


async def test_the_callback_officer_asks_the_household_where_the_community_handled(bench: Bench) -> None:
    """B.6 head: the opinion that is waited for is somebody's task, and the case closes by it."""
    await bench.sample(100)
    await _handled_by_the_community(bench)
    await bench.content()
    assert len(await bench.on("callback", "OPINIONS")) == 1
    with pytest.raises(DomainError, match="FORBIDDEN"):
        await bench.visit("clerk")
    with pytest.raises(DomainError, match="FOLLOWUP_REQUIRED"):
        await bench.close()
    await bench.visit("callback")
    await bench.close()
    assert (await bench.case()).incident.state is IncidentState.CLOSED


async def test_a_complaint_about_an_own_unit_is_found_by_none_of_its_filters(bench: Bench) -> None:
    """R81: neither who reported it nor that it complains about them can be asked for."""
    await bench.report(complained_org_unit_id=bench.unit("HOUSING"))
    await bench.file()
    await bench.dispatch()
    assert len(await bench.on("housing", "UNREAD")) == 1
    about = {"incidentIs": {"complainedOrgUnit": {"eq": encode("OrgUnit", bench.unit("HOUSING"))}}}
    assert await bench.on("housing", "UNREAD", **about) == []
    assert len(await bench.on("dispatcher", "UNREAD", **about)) == 1
    reporter = {"incidentIs": {"reporter": {"eq": encode("Person", bench.district.people["acceptor"].id)}}}
    assert await bench.on("housing", "UNREAD", **reporter) == []
    assert await bench.on("housing", "UNREAD", **{"not": about}) == []
