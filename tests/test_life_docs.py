"""The documents on a case's life say what the tables of the rules say; every cell of the roles is tried."""

from dataclasses import replace

import pytest

from domain.action import ActionName
from domain.errors import DomainError, ErrorCode
from domain.life.transition import EDGES
from domain.masking import PROTECTED, MaskingFacts, masked_fields
from domain.permission import may_unmask, permit
from domain.person import ROLES_OF_POST, PostType, Role
from domain.visibility import visibility_of
from tests.domain.loop.drawn import DOCS, FILES, PARTS, drawn
from tests.domain.loop.ways import POSTS, WAYS, holder
from tests.domain.stage import new_id, person, story_at


@pytest.mark.parametrize("name", FILES)
def test_what_is_generated_is_up_to_date(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert drawn(text) == text, "run python -m tests.domain.loop.drawn"


def test_every_part_has_its_place_and_every_command_its_line() -> None:
    text = "".join((DOCS / name).read_text(encoding="utf-8") for name in FILES)
    assert all(text.count(f"<!-- generated: {part} -->") == 1 for part in PARTS)
    assert all(f"`{action.value}`" in text for action in EDGES)


def _part(name: str) -> str:
    """A generated part of the page of roles."""
    text = (DOCS / "roles.md").read_text(encoding="utf-8")
    return text.partition(f"<!-- generated: {name} -->")[2].partition("<!-- end -->")[0]


def seen_by_tie() -> dict[str, dict[str, bool]]:
    """Whether each role sees a case so tied to it, as the document has it."""
    head, _, *lines = [it.strip().strip("|").split("|") for it in _part("sight").strip().splitlines()]
    roles = [it.rpartition("<br>")[2].strip() for it in head[1:]]
    return {
        line[0].strip(): {role: bool(it.strip()) for role, it in zip(roles, line[1:], strict=True)}
        for line in lines
    }


def shown() -> dict[str, set[str]]:
    """The roles that the document ticks, by action."""
    text = _part("matrix")
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


@pytest.mark.parametrize("role", POSTS)
@pytest.mark.parametrize("way", WAYS)
def test_each_role_sees_exactly_the_cases_its_column_says(role: Role, way: str) -> None:
    viewer = holder(role)
    tied = WAYS[way](viewer)
    assert visibility_of(viewer).sees(tied) is seen_by_tie()[way][role.value]
    apart = visibility_of(replace(viewer, recused=frozenset({new_id()})))
    assert apart.sees(replace(tied, incident=new_id())) is visibility_of(viewer).sees(tied)  # of another case


@pytest.mark.parametrize("role", POSTS)
def test_r82_whoever_declared_an_interest_sees_the_case_by_no_tie_whatever_the_role(role: Role) -> None:
    viewer, case = holder(role), new_id()
    apart = visibility_of(replace(viewer, recused=frozenset({case, new_id()})))
    for tie in WAYS.values():
        assert not apart.sees(replace(tie(viewer), incident=case))
    (cells,) = (it for way, it in seen_by_tie().items() if "R82" in way and "tie" in way)
    assert not cells[role.value]


@pytest.mark.parametrize("action", EDGES)
@pytest.mark.parametrize("role", POSTS)
def test_r82_whoever_declared_an_interest_does_nothing_whatever_the_role(
    role: Role, action: ActionName
) -> None:
    case = story_at(4).case
    viewer = replace(holder(role), recused=frozenset({case.incident.id}))
    row = case.assignments[0] if EDGES[action].rows is not None else None
    with pytest.raises(DomainError) as refused:
        permit(viewer, action, case, row)
    assert (refused.value.code, refused.value.rule) == (ErrorCode.FORBIDDEN, "R82")
    (cells,) = (it for way, it in seen_by_tie().items() if "R82" in way and "command" in way)
    assert not any(cells.values())


@pytest.mark.parametrize("role", POSTS)
def test_r81_nobody_of_the_unit_complained_about_reads_or_unmasks_the_reporters_side(role: Role) -> None:
    viewer = holder(role)
    (cells,) = (it for way, it in seen_by_tie().items() if "R81" in way)
    assert not cells[role.value]
    if viewer.org_id is None:
        return
    case = story_at(4).case
    about = replace(case, incident=replace(case.incident, complained_org_id=viewer.org_id))
    facts = MaskingFacts(viewer.org_id, has_complainant=True, reporter_masked=False)
    assert set(PROTECTED) <= set(masked_fields(viewer, facts))
    assert not may_unmask(viewer, about)
