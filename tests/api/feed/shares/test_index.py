"""The index finds exactly those who may hear (design §7: one policy, however it is evaluated)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from api.feed.hearing import may_hear
from api.feed.shares.index import Index
from domain.event import Event, EventKind, Scopes, Subject
from domain.visibility import Visibility

_PLACES = [UUID(int=number) for number in range(1, 6)]


@dataclass(eq=False)
class _Class:
    visibility: Visibility
    incident_id: UUID | None = None


def _some(dice: random.Random) -> frozenset[UUID]:
    return frozenset(dice.sample(_PLACES, dice.choice([0, 0, 1, 2])))


def _one(dice: random.Random) -> UUID | None:
    return dice.choice([None, None, *_PLACES])


def _class(dice: random.Random, cases: Sequence[UUID]) -> _Class:
    apart = frozenset(dice.sample(cases, dice.choice([0, 0, 1, 2])))
    seen = Visibility(
        dice.random() < 0.1, _some(dice), _some(dice), _some(dice), _one(dice), _one(dice), apart
    )
    return _Class(seen, dice.choice([None, None, *cases]))


def _scopes(dice: random.Random) -> Scopes | None:
    if dice.random() < 0.2:
        return None
    return Scopes(_some(dice), tuple(_some(dice)), _one(dice), _one(dice), _one(dice))


def _event(dice: random.Random, cases: Sequence[UUID]) -> Event:
    case = dice.choice([None, *cases])
    return Event(
        at=datetime(2024, 10, 24, tzinfo=UTC),
        kind=dice.choice(list(EventKind)),
        subject=Subject("Incident", case or uuid4(), 1),
        row="T10",
        incident_id=case,
        scopes_before=_scopes(dice),
        scopes_after=_scopes(dice),
    )


@pytest.mark.parametrize("seed", range(5))
def test_an_event_reaches_each_class_that_may_hear_it_once_and_no_other(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a repeatable test, no secret
    cases = [uuid4() for _ in range(3)]
    index: Index[_Class] = Index()
    classes = [_class(dice, cases) for _ in range(60)]
    for it in classes:
        index.add(it)
    found = 0
    for _ in range(300):
        event = _event(dice, cases)
        heard = [*index.hearing(event)]
        wanted = [
            it
            for it in classes
            if may_hear(it.visibility, event) and it.incident_id in (None, event.incident_id)
        ]
        assert sorted(map(id, heard)) == sorted(map(id, wanted))
        found += len(heard)
        if dice.random() < 0.3:
            gone = classes.pop(dice.randrange(len(classes)))
            index.remove(gone)
            classes.append(_class(dice, cases))
            index.add(classes[-1])
    assert found > 300
    for it in classes:
        index.remove(it)
    assert not index._circles
    assert not any((index._orgs, index._regions, index._grids, index._reporters, index._complainants))
