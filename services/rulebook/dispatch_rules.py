"""Dispatch rules: which units a category is proposed to, where, from when until when (R08, R09)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from db.rulebook.changes import data_of
from db.rulebook.entries import RULES
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.dictionary import DictionaryNoun, DispatchRule
from domain.errors import DomainError, ErrorCode
from domain.event import Subject
from domain.permission import permit
from domain.rules.rulebook.dispatching import rule_of, same_lead
from domain.rules.rulebook.validity import check_apart, check_span, ended, succeeded
from services.command import Call, Result, check_version, perform
from services.rulebook.history import begin, check_named, record, tell
from services.rulebook.named import category_in_use, region_in_force, units_in_use


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDispatchRule:
    """Who leads and supports a category, everywhere or in one region; `id` names a row of the rule it follows."""

    category_id: UUID
    lead_org_unit_ids: tuple[UUID, ...]
    basis: str
    mode: AssignmentMode = AssignmentMode.SINGLE
    support_org_unit_ids: tuple[UUID, ...] = ()
    region_id: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    id: UUID | None = None
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDispatchRule:
    """The rule ends, with every row of its group, now or at `ends_at`."""

    id: UUID
    expected_version: int
    reason: str
    ends_at: datetime | None = None


async def set_rule(call: Call, given: SetDispatchRule) -> Result:
    """A rule, one row for each unit; the one it follows ends as it begins. `made["rules"]`.

    NOT_FOUND (id, categoryId, regionId, the list with an unknown unit), CONFLICT, BAD_INPUT with the field: units that
    do not fit the mode, no beginning in the past, no end before it, no other rule with the same lead for the category
    there at the same time.
    """
    permit(call.actor, A.setDispatchRule)

    async def body(work: Work) -> Result:
        await begin(work)
        new = await _given(work, call, given)
        before = await _before(work, given)
        held = {it.id for it in before}
        known = await RULES.alike(work, category_id=given.category_id, region_id=given.region_id)
        others = [it for it in known if it.id not in held]
        for row in new:
            check_apart(row, same_lead(row, others))
        reason = text.optional(given.reason, "reason")
        await _save(work, call, before, [_followed(it, new[0]) for it in before], reason)
        await RULES.insert(work, new)
        for row in new:
            await _kept(work, call, row, reason)
        return _told(work, call, A.setDispatchRule, new)

    return await perform(call, A.setDispatchRule, given, body)


async def end_rule(call: Call, given: EndDispatchRule) -> Result:
    """The rule ends; `made["rules"]`. NOT_FOUND, CONFLICT, BAD_INPUT (endsAt, reason), GUARD_FAILED once ended."""
    permit(call.actor, A.endDispatchRule)

    async def body(work: Work) -> Result:
        await begin(work)
        before = await _group(work, given.id, given.expected_version)
        ends = given.ends_at or max(call.now, before[0].valid_from)
        after = [ended(it, ends, call.now) for it in before]
        await _save(work, call, before, after, text.checked(given.reason, "reason"))
        return _told(work, call, A.endDispatchRule, after)

    return await perform(call, A.endDispatchRule, given, body)


def _followed(before: DispatchRule, new: DispatchRule) -> DispatchRule:
    """The row before, ending as the new rule begins: a planned one never holds then."""
    if before.valid_from == new.valid_from:
        return replace(before, valid_to=before.valid_from, version=before.version + 1)
    return succeeded(before, new)[0]


async def _given(work: Work, call: Call, given: SetDispatchRule) -> tuple[DispatchRule, ...]:
    begins = given.valid_from or call.now
    check_span(begins, given.valid_to, call.now)
    leads = await units_in_use(work, given.lead_org_unit_ids, "leadOrgUnitIds")
    supports = await units_in_use(work, given.support_org_unit_ids, "supportOrgUnitIds")
    category = await category_in_use(work, given.category_id, begins)
    return rule_of(
        new_id=call.new_id,
        category_id=category.id,
        region_id=await region_in_force(work, call, given.region_id),
        mode=given.mode,
        leads=tuple(it.id for it in leads),
        supports=tuple(it.id for it in supports),
        basis=text.checked(given.basis, "basis"),
        span=(begins, given.valid_to),
    )


async def _before(work: Work, given: SetDispatchRule) -> list[DispatchRule]:
    check_named(given.id, given.expected_version)
    if given.id is None or given.expected_version is None:
        return []
    found = await _group(work, given.id, given.expected_version)
    if (found[0].category_id, found[0].region_id) != (given.category_id, given.region_id):
        raise DomainError(
            ErrorCode.BAD_INPUT, "id", rule="S40", zh="所接续的规则与此不同", en="It follows another rule"
        )
    return found


async def _group(work: Work, rule_id: UUID, expected_version: int) -> list[DispatchRule]:
    """Every row of the rule, the one named first, whose version its caller saw."""
    named = await RULES.load(work, rule_id)
    check_version(named.version, expected_version)
    if named.group_id is None:
        return [named]
    rows = await RULES.alike(work, group_id=named.group_id)
    return [named, *(it for it in rows if it.id != named.id)]


async def _save(
    work: Work,
    call: Call,
    before: Sequence[DispatchRule],
    after: Sequence[DispatchRule],
    reason: str | None,
) -> None:
    for old, row in zip(before, after, strict=True):
        await RULES.save(work, old, row)
        await _kept(work, call, row, reason)


async def _kept(work: Work, call: Call, row: DispatchRule, reason: str | None) -> None:
    data = {name: value for name, value in data_of(row).items() if name != "hit_count"}
    subject = Subject("DispatchRule", row.id, row.version)
    await record(
        work, call, DictionaryNoun.DISPATCH_RULE, subject, data, valid_from=row.valid_from, reason=reason
    )


def _told(work: Work, call: Call, action: A, rule: Sequence[DispatchRule]) -> Result:
    first = rule[0]
    tell(
        work,
        call,
        action,
        Subject("DispatchRule", first.id, first.version),
        "R09",
        category=str(first.category_id),
        orgs=[str(it.lead_org_id) for it in rule],
    )
    return Result(made={"rules": tuple(it.id for it in rule)})
