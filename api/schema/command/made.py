"""What a command made or changed, for its payload: as it was just stored, read again on replay (design §8)."""

from typing import Any, TypeVar
from uuid import UUID

from api.schema.action import Warning as ShownWarning
from api.schema.assignment import Assignment
from api.schema.incident import Incident
from api.schema.words import Info, Shown
from db import incidents
from domain.errors import DomainError, ErrorCode
from domain.rules.loop.instruction import pinned
from domain.visibility import visibility_of
from services.command import SYSTEM, Result

S = TypeVar("S", bound=Shown[Any])


async def incident_of(info: Info, result: Result) -> Incident:
    """The case. Whoever reported it is shown the own report once more, though the posts may show no cases."""
    _renew(info, result)
    key, viewer = _known(result.incident_id), info.context.require_viewer()
    row = await info.context.loaders["Incident"].load(key)
    if row is None:
        row = (await incidents.get([key], viewer=SYSTEM)).get(key)
        if row is None or row.reporter_id != viewer.person_id or key in viewer.recused:
            raise DomainError(ErrorCode.NOT_FOUND, "id")
    return Incident.of(row)


async def visible_incident(info: Info, result: Result) -> Incident | None:
    """The case, for who acted on it without seeing it (T12, S35); null while it stays invisible."""
    _renew(info, result)
    row = await info.context.loaders["Incident"].load(_known(result.incident_id))
    return Incident.of(row) if row is not None else None


async def number_of(result: Result) -> str:
    """The number of the case, for who acted on it and sees it no more."""
    if result.case is not None:
        return result.case.incident.no
    key = _known(result.incident_id)
    return (await incidents.get([key], viewer=SYSTEM))[key].no


async def assignment_of(info: Info, result: Result) -> tuple[Assignment, Incident | None]:
    """The assignment, and its case while it is visible."""
    _renew(info, result)
    row = await info.context.loaders["Assignment"].load(_known(result.assignment_id))
    case = await info.context.loaders["Incident"].load(_known(result.incident_id))
    if row is None:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return Assignment.of(row), Incident.of(case) if case is not None else None


async def one(info: Info, noun: type[S], key: UUID) -> S:
    """An object by its key, as it is now."""
    info.context.loaders.clear()
    row = await info.context.loaders[noun.__name__].load(key)
    if row is None:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return noun.of(row)


async def parts(info: Info, noun: type[S], name: str, result: Result) -> list[S]:
    """The objects of a noun that the command made on its case; `name` is the one in `Result.made`."""
    rows = await info.context.loaders[f"{noun.__name__}.incident"].load(_known(result.incident_id))
    by_id = {row.id: row for row in rows}
    return [noun.of(by_id[key]) for key in result.made.get(name, ()) if key in by_id]


def _renew(info: Info, result: Result) -> None:
    """Forget what was read before; a case that was just stored is not read again where the viewer may see it."""
    loaders, case = info.context.loaders, result.case
    loaders.clear()
    if case is None or not visibility_of(info.context.require_viewer()).sees(case.scopes()):
        return
    key = case.incident.id
    loaders["Incident"].prime(key, case.incident)
    for row in case.assignments:
        loaders["Assignment"].prime(row.id, row)
    for noun, rows in (
        ("Assignment", case.assignments),
        ("Clock", case.clocks),
        ("FollowUp", case.followups),
        ("Note", pinned(case.notes)),
        ("Request", case.requests),
        ("Supervision", case.supervisions),
        ("Verification", case.verifications),
    ):
        loaders[f"{noun}.incident"].prime(key, list(rows))


def warnings_of(result: Result) -> list[ShownWarning]:
    """The warnings, as the schema shows them."""
    return [ShownWarning.of(it) for it in result.warnings]


def _known(key: UUID | None) -> UUID:
    if key is None:
        raise LookupError("the command named no such object")
    return key
