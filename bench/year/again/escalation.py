"""E6 over all cases together, and whether chance asked as many households as it should (B.4, S49)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from bench.year.again.story import Story, World

REDS, WITHIN = 3, timedelta(days=30)
SWEEP = timedelta(hours=1, minutes=5)
"""The test clock goes by the hour, and people come to what is theirs on whole five minutes."""

SURE = 5
"""So many deviations from what chance gives are no chance."""

Listing = tuple[datetime, str]
Told = Mapping[UUID, list[Listing]]


def escalated(world: World, told: Told) -> None:
    """E6: a red card that is a unit's third in 30 days; of cards of one moment the store says which was third.

    The log tells of a step when it was looked at, by the next command or sweep; the step itself has its own moment.
    """
    booked: dict[str, list[tuple[datetime, UUID]]] = defaultdict(list)
    for key, story in world.stories.items():
        for (org, kind, _), (_, at) in story.scores.items():
            if kind == "RED_CARD":
                booked[org].append((at, key))
    for key, story in world.stories.items():
        logged = list(told.get(key, ()))
        story.listings = [(_logged(logged, *it) or it[0], it[1]) for it in story.listings]
        for at, org in _reds(story):
            sure, maybe = _others(booked[org], at, key)
            when = _logged(logged, at, org) if maybe + 1 >= REDS else None
            if sure + 1 >= REDS or when:
                story.rise(6)
                story.listings.append((when or at, org))


def _logged(told: list[Listing], at: datetime, org: str) -> datetime | None:
    """When the log tells of it, if it does in time; each line once."""
    found = next((it for it in told if it[1] == org and at <= it[0] <= at + SWEEP), None)
    if found is None:
        return None
    told.remove(found)
    return found[0]


def _reds(story: Story) -> Iterator[tuple[datetime, str]]:
    """Each red card with the units it concerned."""
    for card in story.cards:
        if card.level == "RED":
            for org in card.concerned:
                yield card.at, org


def _others(booked: list[tuple[datetime, UUID]], at: datetime, key: UUID) -> tuple[int, int]:
    """How many red cards of other cases came before, and how many more at the same moment."""
    before = sum(at - WITHIN < then < at for then, case in booked if case != key)
    return before, before + sum(then == at for then, case in booked if case != key)


def sampled(world: World) -> list[str]:
    """S49: the share of results of which a household was asked is what is published, as far as chance goes."""
    shares: dict[int, list[bool]] = defaultdict(list)
    for story in world.stories.values():
        if story.sampled is not None and story.share:
            shares[story.share].append(story.sampled)
    return [
        f"- sample: asked {sum(found)} of {len(found)} where {share} in 100 should be"
        for share, found in shares.items()
        if abs(sum(found) - len(found) * share / 100)
        > SURE * (len(found) * share * (100 - share)) ** 0.5 / 100
    ]
