"""What the year's ground has besides the demo's: people, limits of kinds and places, categories of nobody's duty."""

from datetime import datetime

from channels.demo.ground import PASSWORD
from db import dictionaries, orgs, regions
from domain.clock import TimeUnit
from domain.dictionary import Category
from domain.person import PostType
from services import people
from services.command import SYSTEM, Call, new_id
from services.rulebook import categories, dispatch_rules, duties, policies

CENTRE = "GCL-CMD"
CHECKER, DESK = "inspector-2", "shift-2"
"""T28b: another inspector looks again, and a shift leader who does not close decides at the desk."""

NOBODYS = frozenset({"QT-ZH-QT", "ZS-DQ-YY"})
"""Neither rule nor duty fits these: units may claim them (T12)."""

ON_THE_SPOT = frozenset({"HJ-GG-XG", "HJ-LH-LD", "HJ-LJ-SS", "HJ-GG-HF"})
"""T3: what whoever walks the grid may do away with at once."""

D, M, N = TimeUnit.WORK_DAY, TimeUnit.WORK_MIN, TimeUnit.NATURAL_MIN
# Limits of a category, a region or both (S40), as a district sets them.
SCOPED: tuple[tuple[str, int, TimeUnit, str | None, str | None], ...] = (
    ("INTAKE.NORMAL", 180, M, None, "211005001000"),
    ("SIGN.NORMAL", 180, M, None, "211005201000"),
    ("HANDLE.NORMAL", 4, D, None, "211005101000"),
    ("HANDLE.NORMAL", 7, D, "SZ-JG", None),
    ("HANDLE.NORMAL", 6, D, "SZ", "211005101000"),
    ("HANDLE.URGENT", 1080, N, "JT", None),
    ("CONSULT_HANDLE.NORMAL", 3, D, None, "211005003000"),
    ("CHECK.NORMAL", 2, D, None, "211005001002"),
    ("OPINION", 2, D, "MZ", None),
    ("SUPERVISION_REPLY.YELLOW", 2, D, None, "211005003000"),
)
# Limits that hold from the middle of the run on; clocks that run then keep theirs (trap 18).
LATER: tuple[tuple[str, int, TimeUnit, str | None, str | None], ...] = (
    ("FOLLOWUP.NORMAL", 3, D, None, None),
    ("DISPATCH.NORMAL", 300, M, None, "211005003000"),
    ("HANDLE.NORMAL", 4, D, "HJ", None),
)


async def prepare(now: datetime, middle: datetime) -> None:
    """Make it so; on the demo's ground, by the platform itself."""
    call = Call(SYSTEM, now, new_id)
    for username, post in ((CHECKER, PostType.INSPECTOR), (DESK, PostType.SHIFT_LEADER)):
        await _hire(call, username, post)
    known = {it.code: it for it in await dictionaries.categories(viewer=SYSTEM)}
    for code in sorted(NOBODYS):
        await _disown(call, known[code])
    for code in sorted(ON_THE_SPOT):
        if not known[code].self_handling:
            given = categories.ReviseCategory(
                id=known[code].id,
                expected_version=known[code].version,
                reason="当场可处置",
                self_handling=True,
            )
            await categories.revise(call, given)
    for values, since in ((SCOPED, now), (LATER, middle)):
        await _limit(call, values, since, known)


async def above() -> dict[str, str | None]:
    """The code above each category's and each region's."""
    found: dict[str, str | None] = {}
    for known in (await dictionaries.categories(viewer=SYSTEM), await regions.in_force(viewer=SYSTEM)):
        codes = {it.id: it.code for it in known}
        found |= {it.code: codes[it.parent_id] if it.parent_id else None for it in known}
    return found


async def _hire(call: Call, username: str, post: PostType) -> None:
    centre = (await orgs.all_by_code())[CENTRE].id
    given = people.CreatePerson(username=username, name=username, password=PASSWORD, org_unit_id=centre)
    (person,) = (await people.create(call, given)).made["person"]
    await people.assign_post(
        call, people.AssignPost(id=person, expected_version=1, type=post, org_unit_id=centre)
    )


async def _disown(call: Call, category: Category) -> None:
    """End every rule and duty that fits it."""
    rules, items = await dictionaries.fitting(category.id, (), call.now)
    for rule in rules:
        await dispatch_rules.end_rule(
            call,
            dispatch_rules.EndDispatchRule(id=rule.id, expected_version=rule.version, reason="职责待定"),
        )
    for item in items:
        await duties.end_item(
            call, duties.EndDutyItem(id=item.id, expected_version=item.version, reason="职责待定")
        )


async def _limit(
    call: Call,
    values: tuple[tuple[str, int, TimeUnit, str | None, str | None], ...],
    since: datetime,
    known: dict[str, Category],
) -> None:
    places = {it.code: it.id for it in await regions.in_force(viewer=SYSTEM)}
    for key, amount, unit, category, region in values:
        given = policies.SetPolicyValue(
            key=key,
            amount=amount,
            unit=unit,
            category_id=known[category].id if category else None,
            region_id=places[region] if region else None,
            valid_from=since,
        )
        await policies.set_limit(call, given)
