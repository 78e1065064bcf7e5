"""One execution of a plan: who asks, when, and what was looked up already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from graphql.execution.values import VariableValues

from api.execution.ready import ReadyCases
from api.execution.references import References
from api.execution.word import Asking, Rule, Shows
from db.reads import statements
from db.reads.statements import Columns, Hanging, Tuples
from domain.viewer import Viewer


class Deviation(Exception):  # noqa: N818 - it is a state of affairs: the ordinary executor answers instead
    """Something is not as the plan expects; `reason` is what metrics count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RunContext(Protocol):
    """What a plan needs of the operation's context."""

    @property
    def signer(self) -> Any:  # noqa: ANN401 - seals cursors
        """What seals cursors."""

    @property
    def viewer(self) -> Viewer | None:
        """Who asks."""

    async def now(self) -> datetime:
        """The business time of the operation."""


@dataclass(slots=True)
class Run:
    """One execution; masking rules are settled once for its viewer, or for nobody but the viewer's class (`ruled_by`).

    `people` gathers whose names were written.
    """

    context: RunContext
    variables: VariableValues
    references: References
    ready: ReadyCases
    ruled_by: Viewer | None = None
    people: set[str] = field(default_factory=set)
    _rules: dict[Rule, Shows] = field(default_factory=dict)

    @property
    def viewer(self) -> Viewer:
        """Who asks; without one the ordinary executor refuses."""
        if self.context.viewer is None:
            raise Deviation("nobody signed in")
        return self.context.viewer

    def shows(self, rule: Rule) -> Shows:
        """The rule, settled for the viewer."""
        known = self._rules.get(rule)
        if known is None:
            known = self._rules[rule] = rule(self.ruled_by or self.viewer)
        return known

    async def rows(self, columns: Columns, keys: Sequence[str]) -> Tuples:
        """The visible ones of these rows, in no order."""
        return await statements.by_ids(columns, keys, self.viewer)

    async def hanging(self, hanging: Hanging, parents: Sequence[str]) -> Tuples:
        """The rows that hang on these, in their order; the last value of each says on which."""
        return await hanging.of(parents)

    async def hides(self, incident_id: UUID | None, person_id: UUID) -> bool:
        """Whether naming who acted would name a protected reporter (R81)."""
        context: Any = self.context
        hidden: bool = await context.hides_actor(incident_id, person_id)
        return hidden

    def for_all(self, peers: Viewer) -> "Run":
        """The same, to write what a whole class of viewers reads."""
        return Run(self.context, self.variables, self.references, self.ready, ruled_by=peers)

    def in_person(self) -> "Run":
        """The same, to write what the viewer reads; references are kept for viewers in a way of their own."""
        return (
            self if self.ruled_by is None else Run(self.context, self.variables, self.references, self.ready)
        )

    def info(self, *, only_asks: bool = False) -> Any:  # noqa: ANN401 - stands for GraphQL's own info
        """What a resolver is called with."""
        return Asking(self.context, only_asks)
