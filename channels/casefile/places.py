"""Categories, units and divisions by the codes of an export: looked up once, created where the mapping allows it."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from uuid import UUID

from channels.casefile.mapping import Mapping
from channels.casefile.rows import Named, Rejected, Wanted
from db import dictionaries, orgs, regions
from db.unit_of_work import Work, in_transaction
from domain.calendar import local_day
from domain.dictionary import Category
from domain.errors import DomainError
from domain.incident import Urgency
from domain.region import Region, RegionLevel
from services import orgs as units
from services.command import Call, new_id

LONGEST_CODE, REGION_CODE = 40, 12
"""Characters of a category's and of a division's code."""


class Places:
    """What the rows name, by code. A name met first stays: one unit may appear under several."""

    def __init__(self, mapping: Mapping, call: Call) -> None:
        self._mapping = mapping
        self._call = call
        self._categories: dict[str, Category] = {}
        self._units: dict[str, UUID] = {}
        self._regions: dict[str, Region] = {}

    async def load(self) -> None:
        """Read what is there."""
        found = await dictionaries.categories(viewer=self._call.actor)
        self._categories = {it.code: it for it in found}
        self._units = {code: unit.id for code, unit in (await orgs.all_by_code()).items()}
        self._regions = {it.code: it for it in await regions.in_force(viewer=self._call.actor)}

    async def prepare(self, batch: Iterable[Wanted]) -> None:
        """Create what these rows name and the mapping may create; a second run finds it there."""
        rows = list(batch)
        categories = [it for row in rows for it in self._missing_categories(row.categories)]
        divisions = [it for row in rows for it in self._missing_regions(row)]
        if categories or divisions:
            await in_transaction(partial(_insert, categories=categories, divisions=divisions))
        for row in rows:
            code = unit_code(row.unit)
            if self._mapping.units.create and code not in self._units:
                given = units.CreateOrgUnit(code=code, name=row.unit.name, kind=row.unit_kind)
                with suppress(DomainError):  # the rows that name a unit that cannot be are rejected
                    self._units[code] = (await units.create(self._call, given)).made["org"][0]

    def category(self, row: Wanted) -> UUID:
        """The lowest category of the row's path; raises Rejected when it is unknown."""
        found = self._categories.get(category_code(row.categories))
        if found is None:
            raise Rejected(
                self._mapping.categories[-1].code, f"未知分类 unknown category: {row.categories[-1].name}"
            )
        return found.id

    def unit(self, row: Wanted) -> UUID:
        """The handling unit; raises Rejected when it is unknown."""
        found = self._units.get(unit_code(row.unit))
        if found is None:
            raise Rejected(self._mapping.units.entry.code, f"未知单位 unknown unit: {row.unit.code}")
        return found

    def region(self, row: Wanted) -> UUID:
        """The smallest division the row names; raises Rejected when it is unknown."""
        _, named = row.regions[-1]
        found = self._regions.get(named.code)
        if found is None:
            raise Rejected("region", f"未知区划 unknown division: {named.code} {named.name}")
        return found.id

    def _missing_categories(self, path: tuple[Named, ...]) -> list[Category]:
        made: list[Category] = []
        codes = [category_code(path[:level]) for level in range(1, len(path) + 1)]
        if not self._mapping.create_categories or len(codes[-1]) > LONGEST_CODE:
            return made
        above: Category | None = None
        for level, (code, named) in enumerate(zip(codes, path, strict=True), 1):
            if code not in self._categories:
                self._categories[code] = _category(code, named.name, level, above)
                made.append(self._categories[code])
            above = self._categories[code]
        return made

    def _missing_regions(self, row: Wanted) -> list[Region]:
        made: list[Region] = []
        above: Region | None = None
        if not self._mapping.regions.create or any(len(it.code) > REGION_CODE for _, it in row.regions):
            return made
        for level, named in row.regions:
            if named.code not in self._regions:
                self._regions[named.code] = _region(level, named, above, row)
                made.append(self._regions[named.code])
            above = self._regions[named.code]
        return made


def category_code(path: tuple[Named, ...]) -> str:
    """The code of a path: those of its levels joined, since an export may use a code on several levels."""
    return "-".join(it.code for it in path)


def unit_code(named: Named) -> str:
    """The unit's own code; where the export has none that a unit may bear, one made from it, always the same."""
    if units.CODE.fullmatch(named.code):
        return named.code
    return f"U-{hashlib.sha256(named.code.encode()).hexdigest()[:12]}"


async def _insert(work: Work, *, categories: list[Category], divisions: list[Region]) -> None:
    await dictionaries.insert_categories(work, categories)
    await regions.insert_all(work, divisions)


def _category(code: str, name: str, level: int, above: Category | None) -> Category:
    return Category(
        id=new_id(),
        code=code,
        name=name,
        level=level,
        parent_id=above.id if above else None,
        requires_photo=False,
        requires_after_photo=False,
        requires_onsite_verify=False,
        default_urgency=Urgency.NORMAL,
    )


def _region(level: RegionLevel, named: Named, above: Region | None, row: Wanted) -> Region:
    """A division known from the export alone, in force since the first case that names it."""
    return Region(
        id=new_id(),
        code=named.code,
        level=level,
        name=named.name,
        short_name=named.name,
        parent_id=above.id if above else None,
        path=f"{above.path}/{named.code}" if above else named.code,
        polygon=None,
        valid_from=local_day(row.reported_at),
        valid_to=None,
        supersedes=(),
    )
