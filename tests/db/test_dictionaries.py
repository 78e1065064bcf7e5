"""What the rules read, units, and keys that are claimed once."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from uuid import UUID

import pytest

from db import dictionaries, idempotency, orgs
from db.connection import fetch
from db.engines.faults import Contention
from db.idempotency import StoredResult
from db.rows import Connection, Row, Sql, read
from db.unit_of_work import Work, in_transaction
from domain.calendar import CalendarDay
from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import DutyItem, PolicyValue
from domain.errors import DomainError, ErrorCode
from tests.db.factories import LONG_AGO, NOW, a_district, new_id

pytestmark = pytest.mark.usefixtures("store")


async def test_the_rulebook_follows_calendar_and_policy_as_they_change() -> None:
    await a_district()
    first = await dictionaries.rulebook(NOW)
    assert not first.calendar.is_workday(date(2024, 10, 1))
    assert first.calendar.years == {2024}
    assert first.policy.limit(ClockType.HANDLE, "NORMAL") == Limit(5, TimeUnit.WORK_DAY)
    value = PolicyValue(
        id=new_id(), key="HANDLE.NORMAL", amount=3, unit=TimeUnit.WORK_DAY, valid_from=NOW + timedelta(days=1)
    )
    await in_transaction(lambda work: dictionaries.insert_policy(work, [value]))
    assert (await dictionaries.rulebook(NOW)).policy == first.policy
    later = await dictionaries.rulebook(value.valid_from)
    assert later.policy.limit(ClockType.HANDLE, "NORMAL") == Limit(3, TimeUnit.WORK_DAY)
    moved = CalendarDay(date(2024, 10, 1), is_workday=True, name="国庆节", source="更正")
    await in_transaction(lambda work: dictionaries.insert_calendar(work, [moved]))
    second = (await dictionaries.rulebook(NOW)).calendar
    assert second.is_workday(date(2024, 10, 1))
    assert second.version != first.calendar.version
    assert (await dictionaries.rulebook(NOW)).calendar is second
    dictionaries.forget()
    assert (await dictionaries.rulebook(NOW)).calendar == second


async def test_a_unit_acts_by_a_duty_for_the_category_or_one_above() -> None:
    district = await a_district()
    housing, civil = district.orgs["HOUSING"].id, district.orgs["CIVIL"].id
    own = DutyItem(
        id=new_id(),
        org_id=housing,
        category_id=district.categories["PIT"].id,
        region_id=None,
        legal_basis="井盖管理办法",
        valid_from=LONG_AGO,
        valid_to=NOW,
    )

    async def basis(org_id: object, code: str, at: object = NOW) -> str | None:
        async def ask(work: Work) -> str | None:
            category = district.categories[code].id
            duty = await dictionaries.duty_basis(work, org_id, category, at)  # type: ignore[arg-type]  # as given
            return duty.legal_basis if duty else None

        return await in_transaction(ask)

    await in_transaction(lambda work: dictionaries.insert_duties(work, [own]))
    assert await basis(housing, "LAMP") == "城市道路管理条例"
    assert await basis(housing, "PIT", NOW - timedelta(days=1)) == "井盖管理办法"
    assert await basis(housing, "PIT") == "城市道路管理条例"
    assert await basis(housing, "NOISE") is None
    assert await basis(civil, "LAMP") is None


async def test_a_rule_leads_in_its_regions_and_counts_its_hits() -> None:
    district = await a_district()
    there = district.regions["S1"].id
    local = replace(district.rule, id=new_id(), region_id=there, basis="南街道派单")

    async def ask(work: Work) -> None:
        await dictionaries.insert_rules(work, [local])
        for code, regions, org, found in (
            ("NOISE", [district.regions["C1"].id, there], "HOUSING", local.id),
            ("NOISE", [district.regions["C3"].id], "HOUSING", district.rule.id),
            ("NOISE", [], "CIVIL", None),
            ("LAMP", [there], "HOUSING", None),
        ):
            category, unit = district.categories[code].id, district.orgs[org].id
            rule = await dictionaries.dispatch_rule(work, category, regions, unit, NOW)
            assert (rule and rule.id) == found
        dictionaries.hit(work, local.id)

    await in_transaction(ask)
    counted = await fetch("SELECT hit_count FROM dispatch_rule WHERE id = ?", (str(local.id),))
    assert counted == [{"hit_count": 1}]


async def test_categories_are_read_by_code_by_id_and_as_a_tree() -> None:
    district = await a_district()
    viewer, lamp = district.viewer("resident"), district.categories["LAMP"]
    assert await dictionaries.category_by_code("LAMP") == lamp
    assert await dictionaries.category_by_code("NONE") is None
    assert await dictionaries.get([lamp.id], viewer=viewer) == {lamp.id: lamp}
    codes = [it.code for it in await dictionaries.categories(viewer=viewer)]
    assert codes == sorted(district.categories)


async def test_units_have_one_code_each() -> None:
    district = await a_district()
    housing = district.orgs["HOUSING"]
    assert await orgs.by_code("HOUSING") == housing
    assert (await orgs.all_by_code()).keys() == district.orgs.keys()
    assert await orgs.get([housing.id], viewer=district.viewer("resident")) == {housing.id: housing}
    with pytest.raises(DomainError) as refused:
        await in_transaction(lambda work: orgs.insert(work, replace(housing, id=new_id())))
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "code")
    await in_transaction(lambda work: orgs.insert(work, replace(housing, id=new_id(), code="HOUSING2")))


async def test_a_key_is_claimed_once_and_then_answers_what_was_kept() -> None:
    stored = StoredResult("fileIncident", b"h" * 32, {"incident": "42", "warnings": ["路"]})
    for _ in range(8):  # two inserts must meet in the middle of each other to find a fault
        actor, key = new_id(), new_id()
        tries = [in_transaction(partial(_command, actor=actor, key=key)) for _ in range(4)]
        answers = await asyncio.gather(*tries)
        assert sorted(answers, key=lambda it: it is not None) == [None, stored, stored, stored]


async def _command(work: Work, actor: UUID, key: UUID) -> StoredResult | None:
    found = await idempotency.claim(work, actor, key, "fileIncident", b"h" * 32, NOW)
    if found is None:
        await asyncio.sleep(0.005)
        idempotency.keep(work, actor, key, {"incident": "42", "warnings": ["路"]})
    return found


async def test_a_key_whose_command_was_refused_is_free_again() -> None:
    actor, key = new_id(), new_id()

    async def refused(work: Work) -> None:
        assert await idempotency.claim(work, actor, key, "fileIncident", b"h", NOW) is None
        raise DomainError(ErrorCode.FORBIDDEN)

    with pytest.raises(DomainError):
        await in_transaction(refused)
    with pytest.raises(DomainError):
        await in_transaction(refused)


async def test_a_key_that_is_given_up_while_it_is_claimed_is_claimed_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actor, key = new_id(), new_id()
    assert await in_transaction(partial(_command, actor=actor, key=key)) is None
    works: list[Work] = []

    async def given_up(query: Sql, connection: Connection) -> list[Row]:
        assert await idempotency.release(works[0], actor, key, "fileIncident")
        return await read(query, connection)

    monkeypatch.setattr(idempotency, "read", given_up)

    async def claimed(work: Work) -> StoredResult | None:
        works.append(work)
        try:
            return await _command(work, actor, key)
        except Contention:
            monkeypatch.undo()
            raise

    assert await in_transaction(claimed) == StoredResult(
        "fileIncident", b"h" * 32, {"incident": "42", "warnings": ["路"]}
    )
    assert len(works) == len({id(work) for work in works}) == 2


async def test_old_answers_expire_and_the_platforms_marks_stay() -> None:
    async def run(work: Work) -> int:
        for actor, at in ((new_id(), NOW), (new_id(), LONG_AGO), (idempotency.PLATFORM, LONG_AGO)):
            await idempotency.claim(work, actor, new_id(), "x", b"", at)
        return await idempotency.expire(work, NOW - timedelta(days=30))

    assert await in_transaction(run) == 1
