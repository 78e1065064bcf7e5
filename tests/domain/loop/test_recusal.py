"""Who declared an interest in a case does nothing in it and sees nothing of it, whatever their posts (R82)."""

from dataclasses import replace

import pytest

from domain.action import ActionName
from domain.errors import DomainError, ErrorCode
from domain.life.transition import EDGES, available_actions, require
from domain.person import PostType
from domain.visibility import check_seen, visibility_of
from tests.domain.stage import HOUSING, person, story_at

EVERYTHING = person(*PostType, org=HOUSING)


@pytest.mark.parametrize("action", EDGES)
def test_no_command_at_all_is_left_to_who_keeps_out(action: ActionName) -> None:
    story = story_at(3)
    related = replace(EVERYTHING, recused=frozenset({story.case.incident.id}))
    with pytest.raises(DomainError) as refused:
        require(related, action, story.case, story.row)
    assert (refused.value.code, refused.value.rule) == (ErrorCode.FORBIDDEN, "R82")


def test_nothing_is_offered_to_who_keeps_out_and_other_cases_are_open_as_before() -> None:
    case, another = story_at(1).case, story_at(1).case
    related = replace(EVERYTHING, recused=frozenset({case.incident.id}))
    assert not [it for it in available_actions(related, case) if it.refusal is None]
    assert [it for it in available_actions(related, another) if it.refusal is None]


def test_the_case_is_not_seen_and_others_are_as_before() -> None:
    case, another = story_at(3).case, story_at(3).case
    related = replace(EVERYTHING, recused=frozenset({case.incident.id}))
    assert visibility_of(EVERYTHING).sees(case.scopes())
    assert not visibility_of(related).sees(case.scopes())
    assert visibility_of(related).sees(another.scopes())
    assert not visibility_of(related).nothing
    assert visibility_of(replace(related, posts=(), clerk_regions=frozenset())).nothing


def test_who_keeps_out_is_told_that_alone_and_who_cannot_see_a_case_that_there_is_none() -> None:
    case = story_at(3).case
    check_seen(EVERYTHING, case.scopes())
    for viewer, code, rule in (
        (replace(EVERYTHING, recused=frozenset({case.incident.id})), ErrorCode.FORBIDDEN, "R82"),
        (replace(EVERYTHING, recused=frozenset({case.incident.id}), posts=()), ErrorCode.FORBIDDEN, "R82"),
        (replace(EVERYTHING, posts=(), clerk_regions=frozenset()), ErrorCode.NOT_FOUND, None),
    ):
        with pytest.raises(DomainError) as refused:
            check_seen(viewer, case.scopes())
        assert (refused.value.code, refused.value.rule) == (code, rule)
