"""The desks of units through the schema: by clock, unread, sent back, marked for quality (R72, R13, S41)."""

from datetime import UTC, datetime

import pytest

from api.ids import encode
from domain.verification import CheckResult
from tests.api.workbench.bench import Bench, a_bench

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
async def bench(store: str) -> Bench:  # noqa: ARG001 - the store must be open
    return await a_bench()


async def test_a_dispatched_case_is_unread_until_its_unit_signs(bench: Bench) -> None:
    await bench.give("HOUSING")
    (task,) = await bench.on("housing", "UNREAD")
    assert task["why"] == ["TO_SIGN"]
    assert task["orgUnit"]["code"] == "HOUSING"
    assert task["assignment"]["state"] == "PENDING"
    assert task["since"] == "2024-10-24T09:00:00+08:00"
    assert task["dueAt"] == "2024-10-25T17:00:00+08:00"
    assert await bench.of_case("housing", "UNREAD")
    assert await bench.on("civil", "UNREAD") == []
    await bench.accept()
    assert await bench.on("housing", "UNREAD") == []


async def test_the_clock_alone_moves_work_from_due_today_to_overdue(bench: Bench) -> None:
    await bench.give("HOUSING")
    assert await bench.why("housing", "DUE_TODAY") == []  # SIGN and CONTACT are due tomorrow
    bench.now = datetime(2024, 10, 24, 23, tzinfo=UTC)  # Friday 07:00 in the district
    (task,) = await bench.on("housing", "DUE_TODAY")
    assert task["why"] == ["TO_SIGN", "TO_CONTACT"]
    assert (task["dueAt"], task["lateMinutes"]) == ("2024-10-25T09:00:00+08:00", 0)
    assert await bench.on("housing", "OVERDUE") == []
    bench.later(hours=2)
    assert await bench.on("housing", "OVERDUE") == []  # on time is up to the due time itself
    assert await bench.why("housing", "DUE_TODAY") == [("TO_SIGN", "TO_CONTACT")]
    bench.later(minutes=5, seconds=30)
    (task,) = await bench.on("housing", "OVERDUE")
    assert (task["why"], task["lateMinutes"]) == (["TO_CONTACT"], 5)
    assert await bench.why("housing", "DUE_TODAY") == [("TO_SIGN",)]
    assert await bench.on("civil", "OVERDUE") == await bench.on("civil", "DUE_TODAY") == []


async def test_today_is_the_district_s_day_and_not_utc_s(bench: Bench) -> None:
    """Trap 30."""
    await bench.give("HOUSING")
    bench.now = datetime(2024, 10, 24, 15, 59, 59, tzinfo=UTC)  # still Thursday there
    assert await bench.on("housing", "DUE_TODAY") == []
    bench.now = datetime(2024, 10, 24, 16, tzinfo=UTC)  # Friday begins
    assert len(await bench.on("housing", "DUE_TODAY")) == 1


async def test_work_that_came_back_says_why_it_did(bench: Bench) -> None:
    await bench.walk(6)
    assert await bench.why("housing", "SENT_BACK") == []
    await bench.send_back()
    assert await bench.why("housing", "SENT_BACK") == [("CORRECTION",)]
    assert await bench.why("civil", "SENT_BACK") == []
    await bench.submit()
    assert await bench.why("housing", "SENT_BACK") == []
    await bench.request_check()
    await bench.check(result=CheckResult.FAIL, note="未整改")
    assert await bench.why("housing", "SENT_BACK") == [("REWORK",)]
    assert await bench.why("director", "SENT_BACK") == [("REWORK",)]


async def test_an_own_return_that_was_approved_is_listed_without_the_case_for_a_month(bench: Bench) -> None:
    await bench.give("HOUSING")
    await bench.ask_return("HOUSING")
    assert await bench.why("housing", "SENT_BACK") == []
    await bench.decide("HOUSING")
    (task,) = await bench.on("housing", "SENT_BACK")
    assert (task["why"], task["incident"], task["dueAt"]) == (["GIVEN_BACK"], None, None)
    assert task["assignment"]["state"] == "RETURNED"
    assert await bench.why("civil", "SENT_BACK") == []
    bench.later(days=33)
    assert await bench.why("housing", "SENT_BACK") == []


async def test_a_copy_is_unread_at_once_and_listed_after_a_working_day(bench: Bench) -> None:
    """R13."""
    await bench.copy("CIVIL")
    assert await bench.why("civil", "UNREAD") == [("TO_READ",)]
    assert await bench.why("civil", "COPIES_UNREAD") == []
    bench.now = datetime(2024, 10, 25, 9, tzinfo=UTC)  # Friday 17:00: the working day is over, and used
    assert await bench.why("civil", "COPIES_UNREAD") == []
    bench.later(seconds=1)
    assert await bench.why("civil", "COPIES_UNREAD") == [("TO_READ",)]
    assert await bench.why("supervisor", "COPIES_UNREAD") == [("TO_READ",)]
    assert await bench.why("housing", "COPIES_UNREAD") == []
    await bench.read_copy("civil", "CIVIL")
    assert await bench.why("civil", "COPIES_UNREAD") == await bench.why("civil", "UNREAD") == []


async def test_a_result_is_marked_when_it_says_little_or_what_others_say(bench: Bench) -> None:
    """S41."""
    await bench.walk(6)
    assert await bench.why("supervisor", "QUALITY") == [("SHORT_RESULT",)]
    assert await bench.why("housing_lead", "QUALITY") == [("SHORT_RESULT",)]
    assert await bench.why("civil_lead", "QUALITY") == []
    for _ in range(2):
        await bench.walk(5)
        await bench.submit(result_text="已派人到现场劝导施工方停止夜间施工，并当面答复诉求人。")
    assert len(await bench.why("supervisor", "QUALITY")) == 1
    await bench.walk(5)
    await bench.submit(result_text="已派人到现场劝导施工方停止夜间施工，并当面答复诉求人。")
    found = await bench.why("supervisor", "QUALITY")
    assert sorted(found) == [*[("COPIED_RESULT",)] * 3, ("SHORT_RESULT",)]
    only = await bench.why("supervisor", "QUALITY", why={"eq": "SHORT_RESULT"})
    assert only == [("SHORT_RESULT",)]
    assert len(await bench.why("supervisor", "QUALITY", why={"in": ["COPIED_RESULT", "LATE_SIGN"]})) == 3


async def test_a_silent_unit_is_marked_for_the_contact_it_did_not_make(bench: Bench) -> None:
    """S41."""
    await bench.give("HOUSING")
    assert await bench.why("director", "QUALITY") == []
    bench.later(hours=24, seconds=1)
    assert await bench.why("director", "QUALITY") == [("NO_CONTACT",)]
    bench.later(days=33)
    assert await bench.why("director", "QUALITY") == []  # the desk looks back for a month


async def test_a_unit_sees_its_own_rows_alone_and_its_filters_hold(bench: Bench) -> None:
    await bench.give("HOUSING")
    await bench.give("CIVIL")
    await bench.give("HOUSING", "CIVIL")
    assert [it["orgUnit"]["code"] for it in await bench.on("housing", "UNREAD")] == ["HOUSING"] * 2
    assert [it["orgUnit"]["code"] for it in await bench.on("civil", "UNREAD")] == ["CIVIL"] * 2
    assert len(await bench.on("dispatcher", "UNREAD")) == 4
    (unit,) = {it["orgUnit"]["code"] for it in await bench.on("dispatcher", "UNREAD", orgUnit=_unit(bench))}
    assert unit == "CIVIL"
    titled = {"incidentIs": {"title": {"contains": "夜间"}}}
    assert len(await bench.on("civil", "UNREAD", **titled)) == 2
    assert await bench.on("civil", "UNREAD", incidentIs={"title": {"contains": "路灯"}}) == []
    assert await bench.on("civil", "UNREAD", overdueBy={"gte": 1}) == []
    assert len(await bench.on("civil", "UNREAD", dueAt={"lt": "2024-10-26T00:00:00+08:00"})) == 2
    assert await bench.on("civil", "UNREAD", since={"lt": "2024-10-24T00:00:00+08:00"}) == []
    assert await bench.on("civil", "UNREAD", **{"not": titled}) == []


def _unit(bench: Bench) -> dict[str, str]:
    return {"eq": encode("OrgUnit", bench.unit("CIVIL"))}


async def test_a_desk_is_read_page_by_page(bench: Bench) -> None:
    for _ in range(5):
        await bench.give("HOUSING")
        bench.later(hours=3)
    whole = [it["id"] for it in await bench.on("housing", "UNREAD")]
    pages: list[str] = []
    after = None
    while True:
        page = (await bench.reply("housing", "UNREAD", first=2, after=after)).data["workbench"]
        pages += [it["id"] for it in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert pages == whole
    assert len(whole) == 5
    elsewhere = await bench.reply("housing", "OVERDUE", first=2, after=after)
    assert elsewhere.refusals == [("BAD_CURSOR", "after")]
    assert (await bench.reply("housing", "UNREAD", first=0)).refusals == [("PAGE_SIZE_REQUIRED", "first")]
