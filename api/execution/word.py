"""What a field's declaration says, for the two ways of executing it (design §8.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from domain.viewer import Viewer

WORD = "word"

Reader = Callable[..., Any]
Shows = Callable[..., Any]
"""What is shown of a masked value: called with the value and the columns that the rule looks at."""
Rule = Callable[[Viewer], Shows]
"""A masking rule for one viewer, settled once however many rows are shown."""


@dataclass(frozen=True, slots=True)
class Word:
    """A field's declaration: its kind, the columns it reads, the noun it leads to, and how it is read.

    `kind` is column, identity, link, disclosed, children, derived, personal or page; `rule` masks its value and looks
    at the columns in `seen`. An `identity` without a noun is the object's own global id. `fn` is a derived field's.
    """

    kind: str
    read: Reader
    columns: tuple[str, ...] = ()
    noun: str | None = None
    by: str | None = None
    fn: Reader | None = None
    rule: Rule | None = None
    seen: tuple[str, ...] = ()


class Shown(Protocol):
    """An object type over one row of the domain."""

    row: Any


@dataclass(slots=True)
class Asking:
    """Stands for GraphQL's own info where a compiled plan calls a resolver.

    With `only_asks` a resolver that reads a list or an object says what it would read instead of reading it.
    """

    context: Any
    only_asks: bool = False
