"""Who acts, when, under which limits: the arguments every rule shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from domain.action import ActionName
from domain.calendar import WorkCalendar
from domain.event import EventKind, Fact
from domain.life.outcome import Happening
from domain.policy import Policy
from domain.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One command or sweep step. `now` is business time; `action` is None for what time alone triggers.

    `calendar` is the district's; `calendars` are those of units that keep days or hours of their own.
    """

    actor: Viewer
    now: datetime
    new_id: Callable[[], UUID]
    policy: Policy = field(default_factory=Policy.default)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    calendars: Mapping[UUID, WorkCalendar] = field(default_factory=dict)
    action: ActionName | None = None

    def calendar_of(self, org_id: UUID) -> WorkCalendar:
        """The unit's working time: its own where it keeps any, else the district's (R78)."""
        return self.calendars.get(org_id, self.calendar)

    def at_unit(self, org_id: UUID) -> "Act":
        """The act by the working time of that unit, for clocks that its people are measured by."""
        return replace(self, calendar=self.calendar_of(org_id))

    @property
    def actor_id(self) -> UUID | None:
        """The person acting; None for the platform itself."""
        return None if self.actor.system else self.actor.person_id

    def happening(
        self,
        row: str,
        kind: EventKind = EventKind.CHANGED,
        *,
        assignment_id: UUID | None = None,
        data: Mapping[str, Fact] | None = None,
    ) -> Happening:
        """What to write in the log about this act, under the row of domain.md it follows."""
        return Happening(
            at=self.now,
            kind=kind,
            row=row,
            action=self.action,
            actor_id=self.actor_id,
            assignment_id=assignment_id,
            data=data or {},
        )
