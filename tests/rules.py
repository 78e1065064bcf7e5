"""The rules of the tree as functions: each reads one module and yields what breaks it (design §2)."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from tests.nouns import NOUNS

FUNCTION_LINES = 40
FILE_LINES = 300
TEST_FILE_LINES = 500

FORBIDDEN_STEMS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}
IMPURE_MODULES = {
    "asyncio",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
}
IMPURE_NAMES = {"uuid1", "uuid4", "uuid7", "open", "print", "input"}
READINGS_OF_TIME = {"now", "utcnow", "today"}
TASK_STARTERS = {"create_task", "ensure_future", "gather", "TaskGroup", "run_coroutine_threadsafe"}
TRANSACTIONS = {"begin", "in_transaction", "_in_transaction"}
CLOCKS_AND_CHANCE = {"datetime", "datetime.datetime", "date", "datetime.date", "uuid", "UUID", "dt"}
READ = re.compile(r"(page|get|find|at|list|search|count)(_|$)")

HOMES = {
    "tortoise": ("db/", "bench/peers/"),  # a stock server to be measured beside ours
    "asyncpg": ("db/", "bench/"),  # the bench measures beside the bare driver
    "aiosqlite": ("db/",),
    "db.models": ("db/",),
    "broadcaster": ("db/bell.py",),
    "settings": ("server.py", "cli.py"),
    "server": ("cli.py",),
    "cli": (),
    "demo": ("demo/", "channels/"),
}
TRANSACTION_HOMES = (
    "db/unit_of_work.py",
    "db/engines/",  # the machinery a transaction is made of
    "db/migrate.py",  # the schema's own steps
    "db/connection.py",  # the read cut, in which nothing is written
    "bench/peers/",  # a stock server has none of our machinery
)

READS_WITHOUT_A_VIEWER: dict[str, str] = {}  # "db/noun.py:function": why no viewer exists or matters there
COMMANDS_OPEN_TO_ALL: dict[
    str, str
] = {  # "services/noun.py:function": why nobody can be asked for permission
    "services/apply.py:act_of": "no command: it gives one the limits and the calendar in force",
    "services/apply.py:change_case": "no command: it carries one out, after that command asked permit",
    "services/apply.py:change_row": "no command: it carries one out, after that command asked permit",
    "services/command.py:act_for": "no command: it gives one the limits and the calendars in force",
    "services/command.py:perform": "no command: the transaction every command runs in",
    "services/rulebook/following.py:follow_all": "no command: what moves after one changed working time",
    "services/rulebook/history.py:record": "no command: what one leaves in the history of an entry",
    "services/rulebook/named.py:region_in_force": "no command: it looks up what one names",
    "services/rulebook/named.py:region_of": "no command: it looks up what one names",
}


@dataclass(frozen=True)
class Module:
    """One Python file of the tree: its path from the root and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")

    def directly_in(self, *folders: str) -> bool:
        return str(PurePosixPath(self.path).parent) in folders

    def nodes(self) -> Iterator[ast.AST]:
        return ast.walk(self.tree)


Function = ast.FunctionDef | ast.AsyncFunctionDef
Rule = Callable[[Module], Iterator[str]]


def long_functions(module: Module) -> Iterator[str]:
    for node in module.nodes():
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.lineno} {node.name} has {lines} lines, {FUNCTION_LINES} at most"


def long_files(module: Module) -> Iterator[str]:
    lines, cap = module.text.count("\n"), TEST_FILE_LINES if module.is_test else FILE_LINES
    if lines > cap:
        yield f"1 the file has {lines} lines, {cap} at most"


def vague_names(module: Module) -> Iterator[str]:
    for part in PurePosixPath(module.path).with_suffix("").parts:
        if part in FORBIDDEN_STEMS:
            yield f"1 {part} says nothing about the trade"
    for node in module.nodes():
        if isinstance(node, ast.ClassDef) and node.name.startswith("Base"):
            yield f"{node.lineno} {node.name}: name the thing, not its place in a hierarchy"


def relative_imports(module: Module) -> Iterator[str]:
    for node in module.nodes():
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"{node.lineno} imports are absolute"


def missing_docstring(module: Module) -> Iterator[str]:
    if not ast.get_docstring(module.tree):
        yield "1 the module says nothing about itself"


def strangers(module: Module) -> Iterator[str]:
    """Libraries and modules that have one home are imported there alone."""
    if module.is_test:
        return
    for line, name in imports(module):
        for guarded, homes in HOMES.items():
            if (name == guarded or name.startswith(f"{guarded}.")) and not module.path.startswith(homes):
                yield f"{line} {name} may be imported only by {', '.join(homes) or 'nobody'}"


def impure_rules(module: Module) -> Iterator[str]:
    """In domain/ time, identity and chance are arguments, and nothing is read or written."""
    if not module.path.startswith("domain/"):
        return
    for line, name in imports(module):
        root = name.split(".")[0]
        if root != "domain" and (root not in sys.stdlib_module_names or root in IMPURE_MODULES):
            yield f"{line} domain/ may not import {name}"
    for node in module.nodes():
        named = isinstance(node, ast.Name) and node.id in IMPURE_NAMES and isinstance(node.ctx, ast.Load)
        if named or (isinstance(node, ast.Attribute) and reads_clock_or_chance(node)):
            yield f"{getattr(node, 'lineno', 1)} {ast.unparse(node)} is not pure: take its result as an argument"


def reads_clock_or_chance(node: ast.Attribute) -> bool:
    return node.attr in IMPURE_NAMES | READINGS_OF_TIME and ast.unparse(node.value) in CLOCKS_AND_CHANCE


def transactions_elsewhere(module: Module) -> Iterator[str]:
    """A transaction of the store is opened in the unit of work; engines and migrations are its machinery."""
    if module.is_test or module.path.startswith(TRANSACTION_HOMES):
        return
    for line, name in imports(module):
        if name.startswith("tortoise.transactions"):
            yield f"{line} transactions are opened in db/unit_of_work.py alone"
    for call in calls(module.tree):
        first = call.args[0] if call.args else None
        words = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        tortoise = called(call) in {"_in_transaction", "atomic"}
        if tortoise or re.match(r"\s*(BEGIN|START TRANSACTION|COMMIT|SAVEPOINT)\b", words):
            yield f"{call.lineno} transactions are opened in db/unit_of_work.py alone"


def tasks_in_transactions(module: Module) -> Iterator[str]:
    """A task started inside a transaction inherits its connection and loses its write."""
    for node in module.nodes():
        opened = isinstance(node, ast.AsyncWith) and any(
            isinstance(item.context_expr, ast.Call) and called(item.context_expr) in TRANSACTIONS
            for item in node.items
        )
        handed = isinstance(node, Function) and has_work(node)
        if opened or handed:
            for call in calls(node):
                if called(call) in TASK_STARTERS:
                    yield f"{call.lineno} {called(call)} inside a transaction"


def tries_in_resolvers(module: Module) -> Iterator[str]:
    if module.path.startswith("api/resolvers/"):
        for node in module.nodes():
            if isinstance(node, ast.Try | ast.TryStar):
                yield f"{node.lineno} resolvers do not handle errors: api/errors.py presents them all"


def reads_without_viewer(module: Module) -> Iterator[str]:
    if not module.directly_in("db", "db/loop", "db/rulebook"):
        return
    for node in module.tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and READ.match(node.name):
            required = {argument.arg for argument in required_parameters(node)}
            if "viewer" not in required and f"{module.path}:{node.name}" not in READS_WITHOUT_A_VIEWER:
                yield f"{node.lineno} {node.name} takes no required viewer"


def commands_without_permit(module: Module) -> Iterator[str]:
    """A command (a public async function with a `call`) asks `permit`, itself or by a function beside it."""
    if not module.directly_in("services", "services/loop", "services/rulebook"):
        return
    functions = {node.name: node for node in module.tree.body if isinstance(node, Function)}
    asking = {"permit"}
    while more := {name for name, node in functions.items() if name not in asking and names(node) & asking}:
        asking |= more
    for name, node in functions.items():
        command = (
            isinstance(node, ast.AsyncFunctionDef) and not name.startswith("_") and "call" in parameters(node)
        )
        if command and name not in asking and f"{module.path}:{name}" not in COMMANDS_OPEN_TO_ALL:
            yield f"{node.lineno} {name} never asks permit"


def misnamed_nouns(module: Module) -> Iterator[str]:
    """Rules, rows and API files are singular, collections are plural."""
    plural_of = {plural: noun for noun, plural in NOUNS.items() if plural != noun}
    if module.directly_in("services", "db") and module.stem in NOUNS.keys() - NOUNS.values():
        yield f"1 collections are plural: {NOUNS[module.stem]}.py"
    singular = ("domain", "db/models", "api/schema", "api/resolvers", "api/subscriptions")
    if module.directly_in(*singular) and module.stem in plural_of:
        yield f"1 this layer is singular: {plural_of[module.stem]}.py"


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Every imported name in full, with its line: `from db import models` is `db.models`."""
    for node in module.nodes():
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def called(call: ast.Call) -> str:
    """The last part of what is called: `now` for `datetime.now()`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def names(node: ast.AST) -> set[str]:
    """Every name and attribute mentioned in a function."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def parameters(node: Function) -> set[str]:
    given = node.args
    return {argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def has_work(node: Function) -> bool:
    """Whether a function is given an open transaction: `work: Work`."""
    given = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    kinds = {argument.arg: argument.annotation and ast.unparse(argument.annotation) for argument in given}
    return "work" in kinds and kinds["work"] in {None, "Work"}


def required_parameters(node: Function) -> list[ast.arg]:
    """The parameters that have no default."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return positional[: len(positional) - len(given.defaults)] + [
        arg for arg, value in pairs if value is None
    ]
