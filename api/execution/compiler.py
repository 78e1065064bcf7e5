"""From the selection of a type to a level: which columns are read, and the source of the function that writes them."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    is_abstract_type,
    is_leaf_type,
)

from api.execution.cases import Disclosed
from api.execution.codecs import NULL, Encode, Texts, gid, stored, text, typed
from api.execution.levels import Below, Children, Level, Link, Resolved, Written
from api.execution.selection import Arguments, NotCompiledError, Selected, Selections
from api.execution.word import Rule, Word
from db.reads.nouns import NOUNS, RELATIONS
from db.reads.statements import Columns
from db.rows import converter

_NOTHING: tuple[str, ...] = ()


class Compiler:
    """Compiles the selections of one operation; levels of the same type and selection are not shared."""

    def __init__(self, selections: Selections) -> None:
        self._selections = selections
        self.resolves = False

    def stored(
        self, type_: GraphQLObjectType, selected: Selected, places: dict[str, int] | None = None
    ) -> Level:
        """A level of tuples that the store answers; levels of the same rows share the places of their columns."""
        body = _Body(self, type_, {"id": 0} if places is None else places)
        level = body.level(list(self._selections.of(type_, selected)))
        if level.is_reference or level.keeps:
            level.shape = self._shape(type_, selected)
        return level

    def held(self, type_: GraphQLObjectType, selected: Selected) -> Level:
        """A level of objects that a resolver answered."""
        return _Body(self, type_).level(list(self._selections.of(type_, selected)))

    def resolved(self, it: Selected) -> Resolved:
        """A field that its resolver answers."""
        self.resolves = True
        return Resolved(it.resolve, Arguments(it), self.written(it))

    def written(self, it: Selected) -> Written:
        """How the values of a field become text."""
        named = it.type
        if is_leaf_type(named):
            return Written(it.field.type)
        return Written(it.field.type, {type_.name: self.held(type_, it) for type_ in self._possible(named)})

    def _shape(self, type_: Any, selected: Selected) -> str:  # noqa: ANN401 - an object type
        """What is selected, so that equal selections of any documents share what is kept ready."""
        parts = [
            it
            if isinstance(it, str)
            else f"{it.key}:{it.name}" + ("" if is_leaf_type(it.type) else self._shape(it.type, it))
            for it in self._selections.of(type_, selected)
        ]
        return f"{type_.name}{{{','.join(parts)}}}"

    def _possible(self, type_: Any) -> tuple[GraphQLObjectType, ...]:  # noqa: ANN401 - any type of objects
        if is_abstract_type(type_):
            return tuple(self._selections.schema.get_possible_types(type_))
        return (type_,)


class _Body:
    """Puts one level together, field by field."""

    def __init__(
        self, compiler: Compiler, type_: GraphQLObjectType, places: dict[str, int] | None = None
    ) -> None:
        self._compiler = compiler
        self._type = type_
        self._stored = places is not None
        self._noun = NOUNS[type_.name] if places is not None else None
        self._columns = places if places is not None else {}
        self._names: dict[str, Any] = {
            "N": NULL,
            "J": ",".join,
            "E": _NOTHING,
            "text": text,
            "uid": _uid,
            "key": _key,
        }
        self._pieces: list[str] = []
        self._rules: list[Rule] = []
        self._below: list[Below] = []
        self._aligned: list[int] = []
        self._whole = False

    def level(self, selection: list[Selected | str]) -> Level:
        """The finished level."""
        for it in selection:
            if isinstance(it, str):
                self._pieces.append(f'"{it}":"{self._type.name}"')
            else:
                self._pieces.append(f'"{it.key}":{self._value(it)}')
        columns = self._read_columns()
        source = self._source()
        exec(compile(source, f"<{self._type.name}>", "exec"), self._names)  # noqa: S102 - source of ours, see below
        shown = getattr(self._type, "extensions", {}).get("strawberry-definition")
        return Level(
            columns,
            self._names["encode"],
            tuple(self._rules),
            tuple(self._below),
            shown.origin if shown is not None else None,
            self._whole,
        )

    def _read_columns(self) -> Columns | None:
        if self._noun is None:
            return None
        for name in self._noun.kinds if self._whole else ():
            self._columns.setdefault(name, len(self._columns))
        return Columns(self._type.name, tuple(self._columns))

    def _source(self) -> str:
        """Every name in it is ours or a GraphQL name, so no text of a client can become code."""
        tables = "".join(f"t{at}," for at in range(len(self._below)))
        rules = "".join(f"m{at}," for at in range(len(self._rules)))
        aligned = "".join(f", v{at}" for at in self._aligned)
        over = f"zip(rows{''.join(f', t{at}' for at in self._aligned)})" if self._aligned else "rows"
        lines = ["def encode(rows, shows, tables):"]
        lines += [f"    {rules} = shows"] if rules else []
        lines += [f"    {tables} = tables"] if tables else []
        body = "{{" + ",".join(self._pieces) + "}}"
        lines.append(f"    return [f'{body}' for r{aligned} in {over}]")
        return "\n".join(lines)

    def _value(self, it: Selected) -> str:
        word = it.word
        if word is None and it.declared.is_basic_field:
            return self._attribute(it)
        if word is None or word.kind in {"personal", "page"} or not self._fits(it, word):
            return self._resolver(it)
        write: Callable[[Selected, Word], str] = getattr(self, f"_{word.kind}")
        return write(it, word)

    def _fits(self, it: Selected, word: Word) -> bool:
        """Whether the word can be written here without its resolver."""
        if word.kind == "derived":
            return is_leaf_type(it.type) and not it.field.args
        if word.kind in {"link", "children"}:
            return word.noun in NOUNS
        return word.kind != "disclosed" or not self._stored

    # values of the row

    def _read(self, column: str) -> str:
        """The expression of a column: the store's text, or the domain's value."""
        if not self._stored:
            return f"r.{column}"
        if column not in self._columns:
            if self._noun is None or column not in self._noun.kinds:
                raise NotCompiledError(f"{self._type.name}.{column}")
            self._columns[column] = len(self._columns)
        return f"r[{self._columns[column]}]"

    def _domain(self, column: str) -> str:
        """The expression of a column as rules and derivations know it."""
        read = self._read(column)
        if not self._stored or self._noun is None:
            return read
        kind = self._noun.kinds[column]
        if kind in {"text", "int", "float"}:
            return read
        if kind == "id":
            return f"uid({read})"
        return f"{self._name('c', converter(self._noun.row, column))}({read})"

    def _name(self, prefix: str, value: object) -> str:
        name = f"{prefix}{len(self._names)}"
        self._names[name] = value
        return name

    def _attribute(self, it: Selected) -> str:
        """A plain attribute of a held object."""
        if self._stored:
            raise NotCompiledError(f"{self._type.name}.{it.name}")
        if is_leaf_type(it.type):
            return self._leaf(typed(it.field.type), f"r.{it.declared.python_name}")
        name = str(it.declared.python_name)
        return self._below_row(
            Resolved(lambda root, _info: getattr(root, name), lambda _: {}, self._compiler.written(it))
        )

    def _leaf(self, encode: Encode | Texts, value: str) -> str:
        if isinstance(encode, Mapping):
            return f"{{{self._name('d', encode)}[{value}]}}"
        return f"{{{'text' if encode is text else self._name('e', encode)}({value})}}"

    def _column(self, it: Selected, word: Word) -> str:
        (column,) = word.columns
        if word.rule is not None:
            shown = f"m{self._rule(word)}({self._domain(column)}{self._seen(word)})"
            return self._leaf(typed(it.field.type), shown)
        read = self._read(column)
        if not self._stored or self._noun is None:
            if not is_leaf_type(it.type):
                raise NotCompiledError(f"{self._type.name}.{column}")
            return self._leaf(typed(it.field.type), read)
        return self._leaf(stored(self._noun.kinds[column], it.field.type), read)

    def _identity(self, it: Selected, word: Word) -> str:
        (column,) = word.columns
        read = self._read(column)
        nullable = not isinstance(it.field.type, GraphQLNonNull)
        known = gid(word.noun or self._type.name, nullable=nullable)
        return self._leaf(known, read if self._stored else f"key({read})")

    def _derived(self, it: Selected, word: Word) -> str:
        values = ", ".join(map(self._domain, word.columns))
        return self._leaf(typed(it.field.type), f"{self._name('f', word.fn)}({values})")

    def _rule(self, word: Word) -> int:
        if word.rule is not None:
            self._rules.append(word.rule)
        return len(self._rules) - 1

    def _seen(self, word: Word) -> str:
        return "".join(f", {self._domain(column)}" for column in word.seen)

    # what hangs on the row

    def _link(self, it: Selected, word: Word) -> str:
        (column,) = word.columns
        key, aligned = self._key(word, column), word.rule is not None
        below = Link(self._compiler.stored(it.type, it), self._keys(key), aligned=aligned)
        if aligned:
            if isinstance(it.field.type, GraphQLNonNull):
                raise NotCompiledError(f"{self._type.name}.{it.name} may be hidden, and may not be null")
            return self._below_row(below)
        table = self._under(below)
        if isinstance(it.field.type, GraphQLNonNull):
            return f"{{t{table}[{key}]}}"
        return f"{{t{table}.get({key}, N)}}"

    def _disclosed(self, it: Selected, word: Word) -> str:
        column, case = word.columns
        return self._below_row(Disclosed(self._compiler.stored(it.type, it), column, case))

    def _children(self, it: Selected, word: Word) -> str:
        key, aligned = self._key(word, "id"), word.rule is not None
        relation = RELATIONS[f"{word.noun}.{word.by}"]
        below = Children(self._compiler.stored(it.type, it), self._keys(key), relation, aligned=aligned)
        if aligned:
            return self._below_row(below)
        return f"[{{J(t{self._under(below)}.get({key}, E))}}]"

    def _key(self, word: Word, column: str) -> str:
        """The expression of a key as text; nothing where a rule hides what it leads to."""
        read = self._read(column)
        read = read if self._stored else f"key({read})"
        if word.rule is None:
            return read
        return f"(m{self._rule(word)}({read}{self._seen(word)}) or None)"

    def _keys(self, key: str) -> Callable[..., list[Any]]:
        """Only the rules that earlier fields brought are known to it."""
        count = len(self._rules)
        rules = "".join(f"m{at}," for at in range(count))
        settled = f"    {rules} = shows[:{count}]\n" if rules else ""
        names = dict(self._names)
        source = f"def keys(rows, shows):\n{settled}    return [{key} for r in rows]"
        exec(compile(source, f"<keys of {self._type.name}>", "exec"), names)  # noqa: S102 - as above
        made: Callable[..., list[Any]] = names["keys"]
        return made

    def _under(self, below: Below) -> int:
        self._below.append(below)
        return len(self._below) - 1

    def _resolver(self, it: Selected) -> str:
        """Whatever no word says: the ordinary resolver, called for every row, over a whole row of the domain."""
        self._whole = self._whole or self._stored
        return self._below_row(self._compiler.resolved(it))

    def _below_row(self, below: Below) -> str:
        table = self._under(below)
        self._aligned.append(table)
        return f"{{v{table}}}"


def _uid(value: object) -> UUID | None:
    return None if value is None else UUID(str(value))


def _key(value: object) -> str | None:
    return None if value is None else str(value)
