"""How subscriptions are written for all who read the same: which these are, and in which way (design §5, ADR 11)."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Protocol

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution import execute_subscription_event

from api.execution.plans import Plans, Prepared, Teller
from api.execution.selection import Variables, conditions
from api.execution.subjects import Eyes
from api.execution.word import WORD
from api.feed.items import Happened
from db.engines.faults import Contention
from domain.errors import DomainError
from domain.event import LoggedEvent
from domain.viewer import Viewer

AFTER = "after"


@dataclass(frozen=True, slots=True)
class Form:
    """What a subscription says of who may share it.

    `after` is the variable that alone gives the field its cursor (None: there is none, or not so plainly), `bare`
    whether the field has no cursor at all; `personal`: it selects what depends on the person.
    """

    after: str | None
    bare: bool
    personal: bool

    def resumes(self, variables: Mapping[str, Any]) -> tuple[bool, str | None]:
        """Whether the cursor is known without the ordinary executor, and which it is."""
        given = variables.get(self.after) if self.after is not None else None
        plain = self.bare or (self.after is not None and (given is None or type(given) is str))
        return plain, given

    def apart(self, variables: Mapping[str, Any]) -> bytes:
        """The variables but for the cursor, as one text."""
        rest = {name: value for name, value in variables.items() if name != self.after}
        return orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)


class _Look(Visitor):
    def __init__(self, info: TypeInfo, chosen: OperationDefinitionNode) -> None:
        super().__init__()
        self._info = info
        self._root = next((it for it in chosen.selection_set.selections if isinstance(it, FieldNode)), None)
        self.used: list[str] = []
        self.personal = False
        self.cursor: Any = None

    def enter_field(self, node: FieldNode, *_: object) -> None:
        field = self._info.get_field_def()
        declared = field.extensions.get("strawberry-definition") if field is not None else None
        word = declared.metadata.get(WORD) if declared is not None else None
        self.personal = self.personal or (word is not None and word.kind == "personal")
        if node is self._root:
            given = {it.name.value: it.value for it in node.arguments or ()}
            self.cursor = given.get(AFTER)

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.used.append(node.name.value)


def form_of(schema: GraphQLSchema, document: DocumentNode, chosen: OperationDefinitionNode) -> Form:
    """What the operation says; the other operations of its document are left out."""
    info = TypeInfo(schema)
    look = _Look(info, chosen)
    parts = [it for it in document.definitions if it is chosen or isinstance(it, FragmentDefinitionNode)]
    for part in parts:
        visit(part, TypeInfoVisitor(info, look))
    after, plain = look.cursor, isinstance(look.cursor, VariableNode)
    name = after.name.value if plain else None
    declared = next((it for it in chosen.variable_definitions or () if it.variable.name.value == name), None)
    simple = declared is not None and declared.default_value is None and declared.type.kind == "named_type"
    once = name is not None and look.used.count(name) == 2  # noqa: PLR2004 - where it is declared, and here
    root = any(isinstance(it, FieldNode) for it in chosen.selection_set.selections)
    return Form(name if simple and once else None, root and after is None, look.personal)


def form_kept(schema: GraphQLSchema, operation: Any) -> Form:  # noqa: ANN401 - a prepared one
    """`form_of`, looked at once for each document that is kept."""
    kept, name = operation.plans, operation.request.operation_name
    prepared: Prepared | None = kept.get(name)
    if prepared is None:
        prepared = Prepared(Variables(schema, operation.chosen), conditions(operation.document))
        kept[name] = prepared
    if prepared.form is None:
        prepared.form = form_of(schema, operation.document, operation.chosen)
    form: Form = prepared.form
    return form


class Builds(Protocol):
    """What executes one item in the ordinary way."""

    def __call__(self, value: object, context: Any) -> Any:  # noqa: ANN401 - an executor, or a refusal
        """The executor of one item."""


class Presents(Protocol):
    """What the schema makes of a stream."""

    @property
    def shown(self) -> Callable[[Any], object]:
        """The GraphQL object of an item."""

    @property
    def context_of(self) -> Callable[[Viewer], Any]:
        """The context in which a class reads."""


@dataclass(slots=True)
class Writer:
    """Writes the items of one share: by generated functions, or else by one execution for all of its readers.

    `reads` is the viewer as whom the class reads.
    """

    plans: Plans | None
    operation: Any
    source: Presents
    reads: Viewer
    build: Builds
    answer: Callable[[Any, Any], bytes]
    eyes: Eyes = field(init=False)
    teller: Teller | str | None = None

    def __post_init__(self) -> None:
        self.eyes = Eyes(self.reads)

    async def __call__(self, item: Any) -> bytes:  # noqa: ANN401 - any item
        """The response that tells an item, as the class sees things now."""
        name = (item.cursor, item.follows) if isinstance(item, Happened) else None
        if name is not None and (known := await self._told_alike(item, name)) is not None:
            return b'{"data":%b}' % known
        value, context = self.source.shown(item), self.source.context_of(self.reads)
        if (data := await self._compiled(value, context, name)) is not None:
            return b'{"data":%b}' % data
        pending = execute_subscription_event(self.build(value, context))
        result = await pending if isawaitable(pending) else pending
        return self.answer(result, context)

    async def _told_alike(self, item: Happened, name: Hashable) -> bytes | None:
        """What another class was told of it, if this one sees the same; all wait for the same read, one writes."""
        if not isinstance(self.teller, Teller):
            return None
        known = self.teller.again(name, self.eyes)
        if known is None:
            await self.ahead((item.logged,))
            known = self.teller.again(name, self.eyes)
        return known

    async def _compiled(
        self,
        value: object,
        context: Any,  # noqa: ANN401 - the class's
        name: Hashable,
    ) -> bytes | None:
        if self.plans is None:
            return None
        if self.teller is None:
            self.teller = self.plans.teller(self.operation)
        if isinstance(self.teller, str):
            self.plans.told_ordinary[self.teller] += 1
            return None
        return await self.teller.data(value, context, self.eyes, name)

    async def ahead(self, entries: Sequence[LoggedEvent]) -> None:
        """Read at once what these entries are about."""
        if self.plans is not None:
            with suppress(
                DomainError, Contention
            ):  # each item reads for itself then, and waits for the store
                await self.plans.subjects.ahead(entries)


def key_of(operation: Any, form: Form, audience: Hashable, language: Hashable) -> Hashable:  # noqa: ANN401 - a prepared one
    """What two readers have in common who read the same text."""
    request = operation.request
    return request.document, request.operation_name, form.apart(request.variables), audience, language


__all__ = ["Form", "Writer", "form_kept", "form_of", "key_of"]
