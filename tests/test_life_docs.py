"""The documents on a case's life say what the tables of the rules say; every cell of the roles is tried."""

import pytest

from domain.action import PLANNED, ActionName
from domain.errors import DomainError, ErrorCode
from domain.life.transition import EDGES
from domain.permission import permit
from domain.person import ROLES_OF_POST, PostType, Role
from tests.domain.loop.drawn import DOCS, FILES, PARTS, drawn
from tests.domain.stage import person

POSTS = {
    role: next(post for post, roles in ROLES_OF_POST.items() if role in roles)
    for role in Role
    if any(role in roles for roles in ROLES_OF_POST.values())
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert drawn(text) == text, "run python -m tests.domain.loop.drawn"


def test_every_part_has_its_place_and_every_command_its_line() -> None:
    text = "".join((DOCS / name).read_text(encoding="utf-8") for name in FILES)
    assert all(text.count(f"<!-- generated: {part} -->") == 1 for part in PARTS)
    assert all(f"`{action.value}`" in text for action in EDGES if action not in PLANNED)


def shown() -> dict[str, set[str]]:
    """The roles that the document ticks, by action."""
    text = (DOCS / "roles.md").read_text(encoding="utf-8")
    head, _, *lines = [it.strip("| \n").split(" | ") for it in text.splitlines() if it.startswith("|")]
    roles = [it.rpartition("<br>")[2] for it in head[1:]]
    cells = (it.replace("|  |", "| |") for it in text.splitlines() if it.startswith("| ") and "`" in it)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in cells]
    assert len(rows) == len(lines)
    return {
        row[0].split("`")[1]: {role for role, cell in zip(roles, row[1:], strict=True) if cell}
        for row in rows
    }


@pytest.mark.parametrize("role", POSTS)
def test_each_role_may_do_exactly_what_its_column_says(role: Role) -> None:
    viewer = person(POSTS[role])
    for name, ticked in shown().items():
        action = ActionName(name)
        if any(it.value in ticked for it in viewer.roles):
            permit(viewer, action)
            continue
        with pytest.raises(DomainError) as refused:
            permit(viewer, action)
        assert refused.value.code is ErrorCode.FORBIDDEN, action


def test_every_role_of_a_person_is_tried() -> None:
    assert set(Role) - POSTS.keys() <= {Role.SYSTEM, Role.REPORTER, Role.CHANNEL}
    assert {PostType.HANDLER, PostType.HANDLER_LEAD} <= set(ROLES_OF_POST)
