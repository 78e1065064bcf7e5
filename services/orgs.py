"""Units (domain.md A.1)."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from db import orgs, regions
from db.rulebook import changes
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.dictionary import DictionaryChange, DictionaryNoun
from domain.errors import DomainError, ErrorCode
from domain.event import Event, EventKind, Subject
from domain.org import OrgKind, OrgUnit
from domain.permission import permit
from domain.rules.rulebook.org import check_above
from domain.rules.rulebook.validity import begins_at
from domain.text import checked, line
from services.command import Call, Result, check_version, perform

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NAME, SHORT_NAME = 100, 60
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOrgUnit:
    """A new unit; `region_id` is the division a street or community serves."""

    code: str
    name: str
    kind: OrgKind
    short_name: str | None = None
    parent_id: UUID | None = None
    region_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseOrgUnit:
    """What changes of the unit, and why; None leaves as it is. `active` False closes it for what is given out anew.

    It holds from `effective_from` on, by default now.
    """

    id: UUID
    expected_version: int
    reason: str
    name: str | None = None
    short_name: str | None = None
    kind: OrgKind | None = None
    parent_id: UUID | None = None
    region_id: UUID | None = None
    active: bool | None = None
    effective_from: datetime | None = None


async def create(call: Call, given: CreateOrgUnit) -> Result:
    """A unit; `made["org"]`. BAD_INPUT (code, name, shortName), NOT_FOUND (parentId, regionId)."""
    permit(call.actor, A.createOrgUnit)

    async def body(work: Work) -> Result:
        if not CODE.fullmatch(given.code):
            raise DomainError(ErrorCode.BAD_INPUT, "code", zh="单位代码无效", en="Not a code of a unit")
        name = line(given.name, "name", most=NAME)
        org = OrgUnit(
            id=call.new_id(),
            code=given.code,
            name=name,
            short_name=line(given.short_name or name[:SHORT_NAME], "shortName", most=SHORT_NAME),
            kind=given.kind,
            parent_id=await _parent(work, call, given.parent_id),
            region_id=await _region(work, call, given.region_id),
        )
        await orgs.insert(work, org)
        await changes.record(work, _version(call, org, None))
        work.append(_changed(call, org, A.createOrgUnit))
        return Result(made={"org": (org.id,)})

    return await perform(call, A.createOrgUnit, given, body)


async def revise(call: Call, given: ReviseOrgUnit) -> Result:
    """Change a unit; what it has done keeps its name of the time in the history (S40). `made["org"]`.

    Revisions to come follow each other as those of categories do.
    NOT_FOUND (id, parentId, regionId), CONFLICT, BAD_INPUT with the field: a unit below itself, nothing to change.
    """
    permit(call.actor, A.reviseOrgUnit)

    async def body(work: Work) -> Result:
        await changes.alone(work)
        before = await orgs.load(work, given.id)
        check_version(before.version, given.expected_version)
        begins = begins_at(given.effective_from, call.now)
        after = await _as_asked(work, call, before, given, begins)
        last = await changes.last_version(work, DictionaryNoun.ORG_UNIT, before.id)
        if not last:
            await changes.record(work, _version(call, before, None, LONG_AGO))
        after = replace(after, version=max(before.version, last) + 1)
        if begins == call.now:
            await orgs.save(work, before, after)
        await changes.record(work, _version(call, after, checked(given.reason, "reason"), begins))
        work.append(_changed(call, after, A.reviseOrgUnit))
        return Result(made={"org": (after.id,)})

    return await perform(call, A.reviseOrgUnit, given, body)


async def _as_asked(
    work: Work, call: Call, before: OrgUnit, given: ReviseOrgUnit, begins: datetime
) -> OrgUnit:
    """The unit that is to hold then."""
    to_come = await changes.planned(work, DictionaryNoun.ORG_UNIT, before.id, before.version, begins)
    stands = orgs.as_set(before, to_come) if to_come else before
    after = replace(stands, **_revised(given))
    if given.parent_id is not None:
        await _parent(work, call, given.parent_id)
        known = await orgs.all_by_code(connection=work.connection)
        check_above(after, {it.id: it for it in known.values()})
    await _region(work, call, given.region_id)
    if after == stands:
        raise DomainError(ErrorCode.BAD_INPUT, zh="没有要修订的内容", en="Nothing is to be changed")
    return after


def _revised(given: ReviseOrgUnit) -> dict[str, Any]:
    names = ("kind", "parent_id", "region_id", "active")
    found: dict[str, Any] = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    if given.name is not None:
        found["name"] = line(given.name, "name", most=NAME)
    if given.short_name is not None:
        found["short_name"] = line(given.short_name, "shortName", most=SHORT_NAME)
    return found


def _version(
    call: Call, org: OrgUnit, reason: str | None, begins: datetime | None = None
) -> DictionaryChange:
    return DictionaryChange(
        id=call.new_id(),
        noun=DictionaryNoun.ORG_UNIT,
        subject_id=org.id,
        version=org.version,
        data=changes.data_of(org),
        valid_from=begins or call.now,
        reason=reason,
        changed_by_id=None if call.actor.system else call.actor.person_id,
        changed_at=call.now,
    )


async def _parent(work: Work, call: Call, org_id: UUID | None) -> UUID | None:
    if org_id and org_id not in await orgs.get([org_id], viewer=call.actor, connection=work.connection):
        raise DomainError(ErrorCode.NOT_FOUND, "parentId")
    return org_id


async def _region(work: Work, call: Call, region_id: UUID | None) -> UUID | None:
    if region_id and region_id not in await regions.get(
        [region_id], viewer=call.actor, connection=work.connection
    ):
        raise DomainError(ErrorCode.NOT_FOUND, "regionId")
    return region_id


def _changed(call: Call, org: OrgUnit, action: A) -> Event:
    return Event(
        at=call.now,
        kind=EventKind.DICTIONARY,
        subject=Subject("OrgUnit", org.id, org.version),
        row="A.1",
        action=action,
        actor_id=None if call.actor.system else call.actor.person_id,
        data={"code": org.code, "kind": org.kind.value},
    )
