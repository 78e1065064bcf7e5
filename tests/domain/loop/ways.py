"""Ways in which a person may be tied to a case: the rows of the table of what each role sees (design §7, R79, R81)."""

from collections.abc import Callable, Mapping

from domain.event import Scopes
from domain.person import ROLES_OF_POST, PostType, Role
from domain.viewer import Viewer
from tests.domain.stage import CENTRE, COMMUNITY, ELSEWHERE, GRID, HOUSING, VILLAGE, new_id, person

POSTS: Mapping[Role, PostType] = {
    role: next(post for post, roles in ROLES_OF_POST.items() if role in roles)
    for role in Role
    if any(role in roles for roles in ROLES_OF_POST.values())
}
_UNITS = {Role.HANDLER: HOUSING, Role.HANDLER_LEAD: HOUSING, Role.COMMUNITY_CLERK: COMMUNITY}
_UNITS[Role.GRID_WORKER] = COMMUNITY
_NOBODY = {Role.VOLUNTEER, Role.RESIDENT}


def holder(role: Role) -> Viewer:
    """Somebody with a post of that role, at the unit and grid that such a post is at."""
    org = None if role in _NOBODY else _UNITS.get(role, CENTRE)
    return person(POSTS[role], org=org, grid=GRID if role is Role.GRID_WORKER else None)


def _scopes(**tied: object) -> Scopes:
    away: dict[str, object] = {
        "orgs": frozenset({new_id()}),
        "regions": (ELSEWHERE,),
        "grid": new_id(),
        "reporter": new_id(),
        "complainant": new_id(),
    }
    return Scopes(**{**away, **tied})  # type: ignore[arg-type]  # its own fields


# What ties the person to the case, and nothing else does.
WAYS: Mapping[str, Callable[[Viewer], Scopes]] = {
    "无关联 no tie at all": lambda _: _scopes(),
    "本单位持有交办单 the own unit holds it": lambda _: _scopes(orgs=frozenset({HOUSING})),
    "所在区划之内 in the own region (R79)": lambda _: _scopes(regions=(VILLAGE, ELSEWHERE)),
    "别的区划 in another region (R79)": lambda _: _scopes(regions=(new_id(), ELSEWHERE)),
    "本网格 in the own grid": lambda _: _scopes(grid=GRID),
    "本人上报 reported by oneself": lambda it: _scopes(reporter=it.person_id),
    "本人诉求 asked for by oneself": lambda it: _scopes(complainant=it.person_id),
}
