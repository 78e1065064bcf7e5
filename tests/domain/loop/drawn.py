"""What the documents say of a case's life, from the tables; `python -m tests.domain.loop.drawn` writes it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from domain.action import ActionName
from domain.assignment import AssignmentState
from domain.case import Case
from domain.errors import DomainError
from domain.incident import IncidentState, Urgency
from domain.life.transition import BIRTHS, DERIVED, EDGES, OPEN, TIMED
from domain.masking import protected_from
from domain.permission import PERMITTED, permit
from domain.person import Role
from domain.policy import LIMITS
from domain.viewer import Viewer
from domain.visibility import visibility_of
from tests.domain.loop.ways import POSTS, WAYS, holder
from tests.domain.stage import story_at

DOCS = Path(__file__).parents[3] / "docs"
_PART = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _states(states: Iterable[IncidentState] | Iterable[AssignmentState]) -> str:
    return " ".join(sorted(states)) or "="


def diagram() -> str:
    """The states and what leads from one to another; where the rows decide, the state follows from them."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row, born in BIRTHS.values():
        for state in born:
            arrows.setdefault(("[*]", state.value), []).append(row)
    for row, before, after in _moves():
        sources = ["OPEN"] if before == OPEN else sorted(before)
        for source in sources:
            for to in sorted(after - {source}):
                arrows.setdefault((str(source), to.value), []).append(row)
    lines = [f"  {a} --> {b}: {' '.join(dict.fromkeys(rows))}" for (a, b), rows in sorted(arrows.items())]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```\n"


def _moves() -> Iterable[tuple[str, frozenset[IncidentState], frozenset[IncidentState]]]:
    """Rows that lead to states of their own; those whose outcome the assignments decide would join all to all."""
    for edge in EDGES.values():
        if edge.to != DERIVED:
            yield edge.row, edge.states, edge.to
    for row, (_, before, after) in TIMED.items():
        if after != DERIVED:
            yield row, before, after


def transitions() -> str:
    """Every command with its row, source and states."""
    found = [(edge.row, edge.source, action, edge) for action, edge in EDGES.items()]
    return _table(
        ("行 row", "出处 source", "命令 command", "办前 before", "办后 after", "交办单 its assignment"),
        (
            (
                row,
                source,
                f"`{action.value}`",
                _states(edge.states),
                "由交办单推定 derived" if edge.to == DERIVED else _states(edge.to),
                _states(edge.rows) if edge.rows is not None else "",
            )
            for row, source, action, edge in found
        ),
    )


def limits() -> str:
    """The default limit of every clock, by urgency."""
    return _table(
        ("时限 clock", *(f"{it.zh} {it.value}" for it in Urgency)),
        (
            (
                f"{clock.zh} `{clock.value}`",
                *(f"{row[it.value].amount} {row[it.value].unit.zh}" for it in Urgency),
            )
            for clock, row in LIMITS.items()
        ),
    )


def matrix() -> str:
    """Which roles may do what; what else the case asks is in the table of its life."""
    roles = [it for it in Role if it is not Role.SYSTEM]
    return _table(
        ("动作 action", *(f"{it.zh}<br>{it.value}" for it in roles)),
        (
            (f"{action.zh} `{action.value}`", *("✓" if it in PERMITTED[action] else "" for it in roles))
            for action in ActionName
            if action in PERMITTED
        ),
    )


def sight() -> str:
    """Which cases each role sees, by what ties the person to them, and what no tie gives (R79, R81, R82)."""
    people = [holder(role) for role in POSTS]
    ticks = {
        way: ["✓" if visibility_of(it).sees(tie(it)) else "" for it in people] for way, tie in WAYS.items()
    }
    reads = ["✓" if it.org_id is not None and not protected_from(it, it.org_id) else "" for it in people]
    sees = ["✓" if any(sees_though_recused(it)) else "" for it in people]
    acts = ["✓" if any(acts_though_recused(it)) else "" for it in people]
    last = {
        "被投诉单位成员读上报方信息 its own unit is complained about: reads the reporter's side (R81)": reads,
        "声明回避后：该事项，不论何种关联 after declaring an interest: the case, by any tie (R82)": sees,
        "声明回避后：任何命令 after declaring an interest: any command (R82)": acts,
    }
    return _table(
        ("与事项的关联 tie", *(f"{it.zh}<br>{it.value}" for it in POSTS)),
        ((way, *cells) for way, cells in {**ticks, **last}.items()),
    )


PARTS: Mapping[str, Callable[[], str]] = {
    "diagram": diagram,
    "transitions": transitions,
    "limits": limits,
    "matrix": matrix,
    "sight": sight,
}
FILES = ("life-of-a-case.md", "roles.md")


def drawn(text: str) -> str:
    """A document with its generated parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


def sees_though_recused(viewer: Viewer) -> list[str]:
    """The ties by which whoever declared an interest in a case may still see it: none (R82)."""
    case = story_at(0).case.incident.id
    visibility = visibility_of(replace(viewer, recused=frozenset({case})))
    return [way for way, tie in WAYS.items() if visibility.sees(replace(tie(viewer), incident=case))]


def acts_though_recused(viewer: Viewer) -> list[ActionName]:
    """The commands on a case that whoever declared an interest in it may still do: none (R82)."""
    case = story_at(4).case
    bound = replace(viewer, recused=frozenset({case.incident.id}))
    return [action for action in EDGES if _may(bound, action, case)]


def _may(viewer: Viewer, action: ActionName, case: Case) -> bool:
    try:
        permit(viewer, action, case, case.assignments[0] if EDGES[action].rows is not None else None)
    except DomainError:
        return False
    return True


def main() -> None:
    """Write both documents anew."""
    for name in FILES:
        path = DOCS / name
        path.write_text(drawn(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
