"""Who declared an interest in a case does nothing in it, whatever their posts (R82)."""

from dataclasses import replace

import pytest

from domain.action import ActionName
from domain.errors import DomainError, ErrorCode
from domain.life.transition import EDGES, available_actions, require
from domain.person import PostType
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
