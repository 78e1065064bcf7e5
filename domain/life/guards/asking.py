"""Four eyes: what one person asks, another decides (domain.md B.6 E)."""

from collections.abc import Sequence

from domain.assignment import Assignment
from domain.errors import DomainError, ErrorCode
from domain.loop.request import Request
from domain.permission import belongs_to
from domain.viewer import Viewer


def another_decides(
    viewer: Viewer, waiting: Sequence[Request], rule: str, row: Assignment | None = None
) -> None:
    """A request waits, the viewer did not make it, and is no member of the row's unit.

    ILLEGAL_TRANSITION when none waits, FORBIDDEN for the asker or the unit.
    """
    if not waiting:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule=rule)
    own = row is not None and belongs_to(viewer, row.org_id)
    if own or any(it.asked_by_id == viewer.person_id for it in waiting):
        raise DomainError(ErrorCode.FORBIDDEN, rule=rule)
