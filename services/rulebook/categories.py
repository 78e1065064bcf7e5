"""Categories: made, revised, taken out of use (domain.md A.1, R24, S40)."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from db import dictionaries
from db.rulebook import categories as table
from db.rulebook.changes import data_of, last_version, planned
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.dictionary import Category, DictionaryNoun, Milestone
from domain.errors import DomainError, ErrorCode
from domain.event import Subject
from domain.incident import Urgency
from domain.permission import permit
from domain.rules.rulebook import category as rules
from domain.rules.rulebook.validity import begins_at, check_span
from services.command import Call, Result, check_version, perform
from services.rulebook.history import begin, record, tell

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when an entry holds that nobody set by a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCategory:
    """A category, below `parent_id` or at the top; in use from now or from `valid_from` on."""

    code: str
    name: str
    parent_id: UUID | None = None
    requires_photo: bool = False
    requires_after_photo: bool = False
    requires_onsite_verify: bool = False
    requires_verify: bool = False
    requires_opinion: bool = False
    self_handling: bool = False
    patrol_visible: bool = False
    default_urgency: Urgency = Urgency.NORMAL
    filing_condition: str | None = None
    closing_condition: str | None = None
    milestones: tuple[Milestone, ...] = ()
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseCategory:
    """What changes of the category, and why; None leaves as it is. It holds from `effective_from` on, by default now.

    `active` False takes it out of use, now or at `valid_to`; True puts it into use again, until `valid_to` if given.
    """

    id: UUID
    expected_version: int
    reason: str
    name: str | None = None
    parent_id: UUID | None = None
    requires_photo: bool | None = None
    requires_after_photo: bool | None = None
    requires_onsite_verify: bool | None = None
    requires_verify: bool | None = None
    requires_opinion: bool | None = None
    self_handling: bool | None = None
    patrol_visible: bool | None = None
    default_urgency: Urgency | None = None
    filing_condition: str | None = None
    closing_condition: str | None = None
    milestones: tuple[Milestone, ...] | None = None
    valid_to: datetime | None = None
    active: bool | None = None
    effective_from: datetime | None = None


async def create(call: Call, given: CreateCategory) -> Result:
    """A category; `made["category"]`. BAD_INPUT with the field, NOT_FOUND (parentId)."""
    permit(call.actor, A.createCategory)

    async def body(work: Work) -> Result:
        await begin(work)
        begins = given.valid_from or call.now
        check_span(begins, given.valid_to, call.now)
        parent = await _parent(work, given.parent_id)
        plain = {it.name: getattr(given, it.name) for it in fields(given) if it.name not in _CHECKED}
        made = Category(
            **plain,
            id=call.new_id(),
            code=rules.code_of(given.code),
            level=rules.level_below(parent, begins),
            valid_from=begins,
            **_words(given),
        )
        await table.insert(work, made)
        return await _changed(work, call, A.createCategory, made, begins)

    return await perform(call, A.createCategory, given, body)


async def revise(call: Call, given: ReviseCategory) -> Result:
    """The category as it holds for what is reported from then on; running cases keep theirs (trap 18).

    Of several revisions to come the later made one supersedes those that would hold after it; it goes on from what
    is to hold by then. `made["category"]`.
    NOT_FOUND (id, parentId), CONFLICT, BAD_INPUT with the field, GUARD_FAILED while a category below is in use.
    """
    permit(call.actor, A.reviseCategory)

    async def body(work: Work) -> Result:
        await begin(work)
        before = await table.load(work, given.id)
        check_version(before.version, given.expected_version)
        begins = begins_at(given.effective_from, call.now)
        after = await _as_asked(work, before, given, begins)
        last = await last_version(work, DictionaryNoun.CATEGORY, before.id)
        if not last:
            await _kept(work, call, before, before.valid_from or LONG_AGO, None)
        after = replace(after, version=max(before.version, last) + 1)
        if begins == call.now:
            await table.save(work, before, after)
        reason = text.checked(given.reason, "reason")
        return await _changed(work, call, A.reviseCategory, after, begins, reason)

    return await perform(call, A.reviseCategory, given, body)


async def _as_asked(work: Work, before: Category, given: ReviseCategory, begins: datetime) -> Category:
    """The category that is to hold then, checked as of then."""
    to_come = await planned(work, DictionaryNoun.CATEGORY, before.id, before.version, begins)
    stands = table.as_set(before, to_come) if to_come else before
    after = _revised(stands, given, begins)
    if given.parent_id is not None:
        rules.check_place(after, await _parent(work, given.parent_id), begins)
    if after.valid_to is not None and after.valid_to != stands.valid_to:
        rules.check_use(after, begins)
        below = (await dictionaries.tree([before.id], work.connection)).values()
        rules.check_ending(after, [it for it in below if it.parent_id == after.id], after.valid_to)
    return after


_CHECKED = {"code", "name", "filing_condition", "closing_condition", "milestones", "valid_from"}
_APART = {*_CHECKED, "id", "expected_version", "reason", "valid_to", "active", "effective_from"}


def _revised(before: Category, given: ReviseCategory, begins: datetime) -> Category:
    """The category with what was given. BAD_INPUT when nothing is to be changed."""
    plain: dict[str, Any] = {
        it.name: getattr(given, it.name)
        for it in fields(given)
        if it.name not in _APART and getattr(given, it.name) is not None
    }
    until = before.valid_to if given.valid_to is None else given.valid_to
    if given.active is not None:
        until = given.valid_to if given.active else given.valid_to or begins
    after = replace(before, **plain, **_words(given), valid_to=until)
    if after == before:
        raise DomainError(ErrorCode.BAD_INPUT, zh="没有要修订的内容", en="Nothing is to be changed")
    return after


def _words(given: CreateCategory | ReviseCategory) -> dict[str, Any]:
    """The words and stages that were given, checked."""
    found: dict[str, Any] = {}
    if given.name is not None:
        found["name"] = text.line(given.name, "name", most=rules.NAME)
    if given.filing_condition is not None:
        found["filing_condition"] = text.optional(given.filing_condition, "filingCondition")
    if given.closing_condition is not None:
        found["closing_condition"] = text.optional(given.closing_condition, "closingCondition")
    if given.milestones is not None:
        found["milestones"] = rules.stages(given.milestones)
    return found


async def _parent(work: Work, parent_id: UUID | None) -> Category | None:
    if parent_id is None:
        return None
    found = (await dictionaries.tree([parent_id], work.connection)).get(parent_id)
    if found is None:
        raise DomainError(ErrorCode.NOT_FOUND, "parentId")
    return found


async def _changed(
    work: Work, call: Call, action: A, made: Category, holds: datetime, reason: str | None = None
) -> Result:
    await _kept(work, call, made, holds, reason)
    tell(work, call, action, Subject("Category", made.id, made.version), "S40", code=made.code)
    return Result(made={"category": (made.id,)})


async def _kept(work: Work, call: Call, made: Category, holds: datetime, reason: str | None) -> None:
    subject = Subject("Category", made.id, made.version)
    await record(work, call, DictionaryNoun.CATEGORY, subject, data_of(made), valid_from=holds, reason=reason)
