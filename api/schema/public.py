"""What is shown of a case to people who may not open it: no personal data."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.scalars import DateTime
from api.schema.place import PointInput, checked
from api.schema.words import NOUNS, Info, Shown, column, derived, resolver
from db import dictionaries, incidents
from domain import incident as rows
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome, IncidentState, PublicStatus, public_status
from domain.place import Crs, Point
from services.command import SYSTEM

if TYPE_CHECKING:
    from api.schema.incident import Incident


@strawberry.type(description="公开查询页，不含个人信息。A case's public page, without personal data (R01).")
class PublicCase(Shown[rows.Incident]):
    """公开查询页; the title is the reporter's free text and therefore not on it."""

    public_code: str = column("public_code", "公开查询码。The code of this page.")
    public_status: PublicStatus = derived("state", fn=public_status, description="公开状态。The status.")
    outcome: CaseOutcome | None = column("outcome", "办理结果。How it ended.")
    reported_at: DateTime = column("reported_at", "上报时间。When it was reported.")
    due_at: DateTime | None = column("due_at", "办理期限。When it is due.")
    closed_at: DateTime | None = column("closed_at", "办结时间。When it was closed.")

    @resolver("事项分类。The category's name.")
    async def category_name(self) -> str:
        """Categories are public."""
        return (await dictionaries.get([self.row.category_id], viewer=SYSTEM))[self.row.category_id].name


def _of_case(name: str, description: str) -> Any:  # noqa: ANN401 - the annotation of the class says the type
    return derived("incident", fn=lambda incident: getattr(incident, name), description=description)


@strawberry.type(description="疑似重复的事项。A case that may be the same matter (R03).")
class DuplicateCandidate(Shown[incidents.Duplicate]):
    """疑似重复."""

    public_code: str = _of_case("public_code", "公开查询码。The code of its public page.")
    title: str = _of_case("title", "标题。The matter in a line.")
    distance_m: float = column("distance_m", "距离（米）。Metres away.")
    reported_at: DateTime = _of_case("reported_at", "上报时间。When it was reported.")
    public_status: PublicStatus = derived(
        "incident", fn=lambda it: public_status(it.state), description="公开状态。The status."
    )

    @resolver("事项；无权查看时为空。The case; null for who may not open it.")
    def incident(self) -> Annotated["Incident", strawberry.lazy("api.schema.incident")] | None:
        """Under the viewer's rights."""
        shown: Incident | None = NOUNS["Incident"].of(self.row.incident) if self.row.visible else None  # type: ignore[assignment]  # found by its name
        return shown


@strawberry.input(description="查重条件。What to look for duplicates of.")
class DuplicateProbe:
    """A matter not yet reported."""

    category_code: str = strawberry.field(description="分类代码。The category's code.")
    point: PointInput = strawberry.field(description="位置。Where it is.")


async def as_public(row: rows.Incident) -> rows.Incident:
    """The case as the public sees it: a merged one stands as its master does (B.5 "Public status")."""
    if row.state is not IncidentState.MERGED or row.master_id is None:
        return row
    master = (await incidents.get([row.master_id], viewer=SYSTEM))[row.master_id]
    shown = ("state", "outcome", "due_at", "closed_at")
    return replace(row, **{name: getattr(master, name) for name in shown})


async def public_page(code: str) -> PublicCase:
    """The page of a code that is known to be one."""
    row = await incidents.public(code)
    if row is None:
        raise DomainError(ErrorCode.NOT_FOUND, "publicCode")
    return PublicCase.of(await as_public(row))


async def probed(info: Info, probe: DuplicateProbe) -> list[DuplicateCandidate]:
    """Cases like that one. NOT_FOUND, CRS_REQUIRED, BAD_INPUT with the field."""
    category = await dictionaries.category_by_code(probe.category_code)
    if category is None:
        raise DomainError(ErrorCode.NOT_FOUND, "categoryCode")
    return await _near(info, category.id, checked(probe.point, "point"))


async def duplicates_of(info: Info, incident: rows.Incident) -> list[DuplicateCandidate]:
    """Cases like one that was just reported; none when it has no place."""
    if incident.spot is None:
        return []
    place = Point(incident.spot.lng, incident.spot.lat, Crs.WGS84)
    return await _near(info, incident.category_id, place, incident.id)


async def _near(
    info: Info, category_id: UUID, place: Point, exclude: UUID | None = None
) -> list[DuplicateCandidate]:
    found = await incidents.duplicates(
        viewer=info.context.require_viewer(),
        category_id=category_id,
        point=place,
        now=await info.context.now(),
        exclude=exclude,
    )
    return [DuplicateCandidate.of(it) for it in found]
