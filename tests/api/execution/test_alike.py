"""What one class was told is told to another only if all that the writing asked is answered the same (ADR 11)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import pytest

from api.execution.projector import MOST_ANSWERS, MOST_VARIANTS, Alike, ObservedRun, Projector
from api.execution.subjects import Eyes, Subjects
from domain.event import Scopes
from domain.person import PostType
from domain.viewer import Viewer
from tests.domain.stage import CIVIL, HOUSING, new_id, person

KEY = (b"{}", ("2", "1"))
PROJECTOR, OTHER = cast("Projector", object()), cast("Projector", object())


@dataclass
class Known:
    """Stands for the operation's context."""

    viewer: Viewer
    language: str = "ZH"
    asked: list[str] = field(default_factory=list)


def scopes(*orgs: UUID) -> Scopes:
    return Scopes(orgs=frozenset(orgs), incident=new_id())


def handler(org: UUID) -> Viewer:
    return person(PostType.HANDLER, org=org)


def masks(viewer: Viewer) -> Any:
    """A rule: the unit of housing reads it whole."""
    return lambda value, *_: value if HOUSING in viewer.handler_orgs else "***"


def run(subjects: Subjects, viewer: Viewer) -> ObservedRun:
    given: Any = None
    known: Any = Known(viewer)
    return ObservedRun(known, given, given, given, subjects=subjects, eyes=Eyes(viewer))


def seen(run: ObservedRun, row: Sequence[Any], of: Scopes) -> bool:
    return run._sees("Incident", row, of)


@pytest.fixture
def subjects() -> Subjects:
    return Subjects()


def kept(subjects: Subjects, *asked: Any, viewer: Viewer) -> Alike:
    """What was written for a viewer after asking these things."""
    alike, writing = Alike(subjects), run(subjects, viewer)
    for ask in asked:
        ask(writing)
    alike.keep(PROJECTOR, KEY, writing, b"text", subjects.generation)
    return alike


def test_whoever_sees_the_same_rows_is_told_the_same(subjects: Subjects) -> None:
    of = scopes(HOUSING, CIVIL)
    alike = kept(subjects, lambda it: seen(it, ("id",), of), viewer=handler(HOUSING))
    assert alike.find(PROJECTOR, KEY, Eyes(handler(CIVIL))) == b"text"
    assert alike.find(PROJECTOR, KEY, Eyes(handler(new_id()))) is None
    assert alike.find(OTHER, KEY, Eyes(handler(CIVIL))) is None
    assert alike.find(PROJECTOR, (b"{}", ("3", "2")), Eyes(handler(CIVIL))) is None
    assert alike.told == 1


def test_a_row_that_was_hidden_is_shown_to_nobody_by_it_nor_hidden_from_who_sees_it(
    subjects: Subjects,
) -> None:
    of = scopes(HOUSING)
    alike = kept(subjects, lambda it: seen(it, ("id",), of), viewer=handler(CIVIL))
    assert alike.find(PROJECTOR, KEY, Eyes(handler(HOUSING))) is None
    assert alike.find(PROJECTOR, KEY, Eyes(handler(new_id()))) == b"text"


def test_whoever_keeps_out_of_the_case_is_not_told_what_others_of_the_unit_are(subjects: Subjects) -> None:
    of = scopes(HOUSING)
    alike = kept(subjects, lambda it: seen(it, ("id",), of), viewer=handler(HOUSING))
    apart = Viewer(
        person_id=new_id(), username="", name="", org_id=HOUSING, posts=handler(HOUSING).posts,
        clerk_regions=frozenset(), recused=frozenset({of.incident or new_id()}),
    )  # fmt: skip
    assert alike.find(PROJECTOR, KEY, Eyes(apart)) is None


def test_a_value_that_a_rule_shows_otherwise_is_written_anew(subjects: Subjects) -> None:
    alike = kept(subjects, lambda it: it.shows(masks)("13800001234"), viewer=handler(HOUSING))
    assert alike.find(PROJECTOR, KEY, Eyes(handler(CIVIL))) is None
    assert alike.find(PROJECTOR, KEY, Eyes(handler(HOUSING))) == b"text"


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.viewer,
        lambda it: it.context.language,
        lambda it: it.info().context.viewer,
        lambda it: it.for_all(it.eyes.reads),
        lambda it: it.in_person(),
    ],
)
def test_what_cannot_be_asked_again_is_told_to_nobody_else(subjects: Subjects, ask: Any) -> None:
    alike = kept(subjects, ask, viewer=handler(HOUSING))
    assert alike.find(PROJECTOR, KEY, Eyes(handler(HOUSING))) is None


def test_nothing_outlives_an_event(subjects: Subjects) -> None:
    alike = kept(subjects, viewer=handler(HOUSING))
    assert alike.find(PROJECTOR, KEY, Eyes(handler(CIVIL))) == b"text"
    subjects.hear([])
    assert alike.find(PROJECTOR, KEY, Eyes(handler(CIVIL))) is None
    writing = run(subjects, handler(HOUSING))
    alike.keep(PROJECTOR, KEY, writing, b"old", subjects.generation - 1)
    assert alike.find(PROJECTOR, KEY, Eyes(handler(CIVIL))) is None


def test_it_stays_in_bounds(subjects: Subjects) -> None:
    alike = Alike(subjects)
    long = run(subjects, handler(HOUSING))
    for _ in range(MOST_ANSWERS + 1):
        long.shows(masks)("1")
    alike.keep(PROJECTOR, KEY, long, b"long", subjects.generation)
    assert alike.find(PROJECTOR, KEY, Eyes(handler(HOUSING))) is None
    for number in range(MOST_VARIANTS + 3):
        writing = run(subjects, handler(HOUSING))
        writing.shows(masks)(str(number))
        alike.keep(PROJECTOR, KEY, writing, b"%d" % number, subjects.generation)
    assert [len(it) for it in alike._items.values()] == [MOST_VARIANTS]
    for number in range(400):
        alike.keep(PROJECTOR, number, run(subjects, handler(HOUSING)), b"", subjects.generation)
    assert len(alike._items) == 256
