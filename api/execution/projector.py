"""Items of streams, written by generated functions: the selection of a subscription's one field (ADR 11).

What was written for one class is told to others who see and are shown the same: whatever the writing asked of the
class is noted with the answer, and asked again of the next class, which costs less than to write.
"""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode
from graphql.execution.values import VariableValues

from api.execution.compiler import Compiler
from api.execution.levels import Written
from api.execution.run import Run
from api.execution.selection import NotCompiledError, Selected, Selections
from api.execution.subjects import Eyes, SharedRun, Subjects
from api.execution.word import Rule, Shows
from db.reads import subjects
from db.reads.statements import Columns, Tuples
from domain.event import Scopes
from domain.viewer import Viewer

MOST_ALIKE, MOST_VARIANTS, MOST_ANSWERS = 256, 8, 64
"""Items that are kept for other classes, how differently each may read, and how much each may have asked."""


@dataclass(frozen=True, slots=True)
class Projector:
    """From the value of the field to the bytes of the response's `data`."""

    head: bytes
    written: Written

    async def data(self, value: object, run: Run) -> bytes:
        """The same bytes as the ordinary executor's. Raises Deviation, or whatever stands in the way."""
        (text,) = await self.written.texts((value,), run)
        return b"%b%b}" % (self.head, text.encode())


def projector(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: VariableValues,
) -> Projector:
    """What writes the items of a subscription. Raises NotCompiledError with the reason."""
    if schema.subscription_type is None:
        raise NotCompiledError("no subscriptions")
    selections = Selections(schema, document, operation, variables)
    roots = list(selections.root(schema.subscription_type))
    root = roots[0] if len(roots) == 1 else ""
    if not isinstance(root, Selected):
        raise NotCompiledError("not one field")
    return Projector(b'{"%b":' % root.key.encode(), Compiler(selections).written(root))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Whether a class sees a row."""

    noun: str
    row: Sequence[Any]
    scopes: Scopes
    answer: bool

    def holds(self, eyes: Eyes) -> bool:
        """Whether another class is answered the same."""
        return eyes.sees(self.noun, self.row, self.scopes) == self.answer


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a class is shown of a value that a rule masks."""

    rule: Rule
    given: tuple[Any, ...]
    answer: Any

    def holds(self, eyes: Eyes) -> bool:
        """Whether another class is shown the same."""
        other = eyes.shows(self.rule)(*self.given)
        return type(other) is type(self.answer) and bool(other == self.answer)


class _Watched:
    """The context of one item; what it is asked may be answered otherwise to others."""

    def __init__(self, run: "ObservedRun", context: Any) -> None:  # noqa: ANN401 - the operation's
        self._run, self._context = run, context

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the context has
        self._run.alike = False
        return getattr(self._context, name)


@dataclass(slots=True)
class ObservedRun(SharedRun):
    """Writes one item and notes all that it asked of its class; `alike` until it asked what cannot be asked again."""

    answers: list[_Seen | _Shown] = field(default_factory=list)
    alike: bool = True

    def __post_init__(self) -> None:
        self.context = _Watched(self, self.context)

    def shows(self, rule: Rule) -> Shows:
        """The rule, settled for the class; what it answers is noted."""
        settled = self.eyes.shows(rule)

        def shown(*given: Any) -> Any:  # noqa: ANN401 - any value
            answer = settled(*given)
            self.answers.append(_Shown(rule, given, answer))
            return answer

        return shown

    async def rows(self, columns: Columns, keys: Sequence[str]) -> Tuples:
        """The visible ones of these rows, each noted."""
        if columns.noun not in subjects.NOUNS_OF_EVENTS:
            self.alike = False
            return await SharedRun.rows(self, columns, keys)
        return await self.subjects.rows(columns, keys, self._sees)

    def _sees(self, noun: str, row: Sequence[Any], scopes: Scopes) -> bool:
        answer = self.eyes.sees(noun, row, scopes)
        self.answers.append(_Seen(noun, row, scopes, answer))
        return answer

    def for_all(self, peers: Viewer) -> Run:
        """The same, to write what others read as well; what that asks is not noted."""
        self.alike = False
        return SharedRun.for_all(self, peers)

    def in_person(self) -> Run:
        """The same, to write what the viewer reads; what that asks is not noted."""
        self.alike = False
        return SharedRun.in_person(self)


@dataclass(frozen=True, slots=True)
class _Written:
    projector: Projector
    answers: tuple[_Seen | _Shown, ...]
    data: bytes


class Alike:
    """Items that were written since the last event; `told` counts who was told one that was written for others."""

    def __init__(self, read: Subjects) -> None:
        self._subjects = read
        self._generation = -1
        self._items: OrderedDict[Hashable, list[_Written]] = OrderedDict()
        self.told = 0

    def find(self, projector_: Projector, key: Hashable, eyes: Eyes) -> bytes | None:
        """The item as this class would be told it, if another one was told just that."""
        if self._subjects.generation != self._generation:
            return None
        for it in self._items.get((id(projector_), key), ()):
            if it.projector is projector_ and all(answer.holds(eyes) for answer in it.answers):
                self.told += 1
                return it.data
        return None

    def keep(self, projector_: Projector, key: Hashable, run: ObservedRun, data: bytes, since: int) -> None:
        """Keep what was written, unless something happened meanwhile (`since` is the generation it began in)."""
        if not run.alike or len(run.answers) > MOST_ANSWERS or since != self._subjects.generation:
            return
        if since != self._generation:
            self._items.clear()
            self._generation = since
        kept = self._items.setdefault((id(projector_), key), [])
        if len(kept) < MOST_VARIANTS:
            kept.append(_Written(projector_, tuple(run.answers), data))
        if len(self._items) > MOST_ALIKE:
            self._items.popitem(last=False)
