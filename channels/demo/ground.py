"""The demo's ground: divisions, dictionaries, units, grids, people; through the services, and only what is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from db import dictionaries, grids, orgs, passwords, people, regions
from db.unit_of_work import Work, in_transaction
from demo import data
from domain.calendar import CalendarDay
from domain.clock import TimeUnit
from domain.dictionary import Category, DispatchRule, DutyItem, Milestone, PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.grid import GridKind
from domain.incident import Urgency
from domain.org import OrgKind, OrgUnit
from domain.person import GRID_POSTS, PUBLIC_POSTS, PostType
from domain.place import Crs
from domain.policy import COUNTED, OPINION_SAMPLE
from domain.region import GeoJSON, Region, RegionLevel
from services import grids as ground_service
from services import orgs as units
from services import people as accounts
from services.command import SYSTEM, Call, new_id

PASSWORD = "Fengqiao-demo-1"  # noqa: S105 - public: these accounts exist only where FENGQIAO_DEMO is set
DUTIES_FROM = datetime(2016, 1, 1, tzinfo=UTC)
ON_THE_SPOT = frozenset({"HJ-GG-XG"})
"""What a grid worker may do away with at once (T3): 非法小广告."""
SAMPLED, SHARE = ("WY", "ZS", "SD", "MZ", "NY", "ZW"), 20
"""S49 [P]: of these matters, which a household lives with, 20 % of the results are asked about at the door.

Of the others none: this district's choice, where the rule would ask about 20 % of everything.
"""
AGE = timedelta(days=400)
"""How long before the demo was loaded its units began to work: their posts, and the moment cases end, tell it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What cases stand on. `loaded_at` is the business time of the first load, the same in every later one."""

    loaded_at: datetime


async def load_ground(now: datetime, make_id: Callable[[], UUID] = new_id) -> Ground:
    """Load what is missing of the ground; ready in seconds. FORBIDDEN in a store of another district."""
    district = await regions.district()
    if district is None:
        await in_transaction(partial(_load_dictionaries, make_id=make_id))
    elif district.code != data.regions()[0].code:
        raise DomainError(
            ErrorCode.FORBIDDEN,
            zh="此库属于另一个区县，不能载入演示数据",
            en="This store is another district's",
        )
    begun = await _begun() or now - AGE
    call = Call(SYSTEM, begun, make_id)
    await _load_orgs(call)
    await _load_grids(call)
    await _load_people(call)
    return Ground(begun + AGE)


async def _begun() -> datetime | None:
    """When the demo's people began to work; None before the first of them is there."""
    first = await people.by_username(data.people()[0].username)
    posts = (await people.posts_of([first.id], viewer=SYSTEM))[first.id] if first else []
    return posts[0].starts_at if posts else None


async def _load_dictionaries(work: Work, *, make_id: Callable[[], UUID]) -> None:
    """Divisions, categories, duties, rules and the calendar, all or none."""
    await regions.insert_all(work, _regions(make_id))
    categories = {it.code: make_id() for it in data.categories()}
    await dictionaries.insert_categories(
        work, (_category(it, categories.__getitem__) for it in data.categories())
    )
    await dictionaries.insert_policy(work, _long_enough(make_id))
    days = [CalendarDay(it.day, it.is_workday, it.name, it.source) for it in data.calendar_days()]
    await dictionaries.insert_calendar(work, days)
    shares = [_share(f"{OPINION_SAMPLE}@{code}@", SHARE, make_id()) for code in SAMPLED]
    await dictionaries.insert_policy(work, [_share(OPINION_SAMPLE, 0, make_id()), *shares])


def _share(key: str, percent: int, value_id: UUID) -> PolicyValue:
    """How many in a hundred results the household is asked about."""
    return PolicyValue(id=value_id, key=key, amount=percent, unit=COUNTED, valid_from=DUTIES_FROM)


def _regions(make_id: Callable[[], UUID]) -> list[Region]:
    """Every version of every division; the synthetic cells are the outlines of the present communities."""
    outlines: dict[str, GeoJSON] = {it.code: it.polygon for it in data.communities()}
    present: dict[str, tuple[UUID, str]] = {}
    found: list[Region] = []
    for it in data.regions():
        parent_id, above = present[it.parent_code] if it.parent_code else (None, "")
        region_id, path = make_id(), f"{above}/{it.code}".lstrip("/")
        present[it.code] = (region_id, path)
        outline = data.outline() if it.parent_code is None else outlines.get(it.code)
        found.append(
            Region(
                id=region_id,
                code=it.code,
                level=RegionLevel(it.level),
                name=it.name,
                short_name=it.short_name,
                parent_id=parent_id,
                path=path,
                polygon=outline if it.valid_to is None else None,
                valid_from=it.valid_from,
                valid_to=it.valid_to,
                supersedes=it.supersedes,
            )
        )
    return found


def _category(it: data.DemoCategory, id_of: Callable[[str], UUID]) -> Category:
    return Category(
        id=id_of(it.code),
        code=it.code,
        name=it.name,
        level=it.level,
        parent_id=id_of(it.parent_code) if it.parent_code else None,
        requires_photo=it.requires_photo,
        requires_after_photo=it.requires_after_photo,
        requires_onsite_verify=it.requires_onsite_verify,
        default_urgency=Urgency(it.default_urgency),
        self_handling=it.code in ON_THE_SPOT,
        milestones=tuple(Milestone(name, limit, TimeUnit(unit)) for name, limit, unit in it.milestones),
    )


def _long_enough(make_id: Callable[[], UUID]) -> list[PolicyValue]:
    """A category of stages is handled no sooner than its last stage (R24)."""
    return [
        PolicyValue(
            id=make_id(),
            key=f"HANDLE.{it.default_urgency}@{it.code}@",
            amount=max(limit for _, limit, unit in it.milestones if unit == TimeUnit.WORK_DAY),
            unit=TimeUnit.WORK_DAY,
            valid_from=DUTIES_FROM,
        )
        for it in data.categories()
        if it.milestones
    ]


async def _load_orgs(call: Call) -> None:
    """Units, parents before children, then what the law makes them answer for."""
    known = await orgs.all_by_code()
    divisions = {it.code: it.id for it in await regions.in_force(viewer=SYSTEM)}
    ids = {code: unit.id for code, unit in known.items()}
    for it in data.orgs():
        if it.code in ids:
            continue
        given = units.CreateOrgUnit(
            code=it.code,
            name=it.name,
            short_name=it.short_name,
            kind=OrgKind(it.kind),
            parent_id=ids[it.parent_code] if it.parent_code else None,
            region_id=divisions[it.region_code] if it.region_code else None,
        )
        ids[it.code] = (await units.create(call, given)).made["org"][0]
    await in_transaction(partial(_load_duties, org_ids=ids, make_id=call.new_id))


async def _load_duties(work: Work, *, org_ids: dict[str, UUID], make_id: Callable[[], UUID]) -> None:
    """Duty items and dispatch rules, once."""
    categories = {
        it.code: it.id for it in await dictionaries.categories(viewer=SYSTEM, connection=work.connection)
    }
    first = data.rules()[0]
    lead, category = org_ids[first.lead_org_codes[0]], categories[first.category_code]
    if await dictionaries.dispatch_rule(work, category, (), lead, datetime.now(UTC)):
        return
    duties = (
        DutyItem(
            id=make_id(),
            org_id=org_ids[it.org_code],
            category_id=categories[it.category_code],
            region_id=None,
            legal_basis=it.legal_basis,
            valid_from=DUTIES_FROM,
            valid_to=None,
        )
        for it in data.duties()
    )
    rules = (
        DispatchRule(
            id=make_id(),
            category_id=categories[it.category_code],
            region_id=None,
            lead_org_id=org_ids[it.lead_org_codes[0]],
            basis=it.basis,
            valid_from=DUTIES_FROM,
            valid_to=None,
        )
        for it in data.rules()
    )
    await dictionaries.insert_duties(work, duties)
    await dictionaries.insert_rules(work, rules)


async def _load_grids(call: Call) -> None:
    known = {it.code for it in await grids.in_force()}
    divisions = {it.code: it.id for it in await regions.in_force(viewer=SYSTEM)}
    for it in data.grids():
        if it.code not in known:
            given = ground_service.CreateGrid(
                code=it.code,
                name=it.name,
                kind=GridKind(it.kind),
                region_id=divisions[it.community_code],
                polygon=it.polygon,
                crs=Crs.WGS84,
                households=it.households,
                population=it.population,
            )
            await ground_service.create(call, given)


async def _load_people(call: Call) -> None:
    """The accounts; all share one public password, so it is hashed once."""
    units_by_code = await orgs.all_by_code()
    grids_by_code = {it.code: it.id for it in await grids.in_force()}
    hashed: str | None = None
    for it in data.people():
        unit = units_by_code[it.org_code] if it.org_code else None
        person = await people.by_username(it.username)
        if person is None:
            hashed = hashed or await passwords.hashed(PASSWORD)
            given = accounts.CreatePerson(
                username=it.username,
                name=it.display_name,
                password=PASSWORD,
                org_unit_id=unit.id if unit else None,
            )
            person_id = (await accounts.create(call, given, known_hash=hashed)).made["person"][0]
        elif (await people.posts_of([person.id], viewer=SYSTEM))[person.id]:
            continue
        else:
            person_id = person.id
        await _appoint(call, it, person_id, unit, grids_by_code)


async def _appoint(
    call: Call, it: data.DemoPerson, person_id: UUID, unit: OrgUnit | None, grid_ids: dict[str, UUID]
) -> None:
    kind = PostType(it.post_type)
    given = accounts.AssignPost(
        id=person_id,
        expected_version=1,
        type=kind,
        org_unit_id=unit.id if unit and kind not in PUBLIC_POSTS else None,
        grid_id=grid_ids[it.grid_code] if it.grid_code and kind in GRID_POSTS else None,
    )
    await accounts.assign_post(call, given)
