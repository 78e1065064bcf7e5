"""Every trap of domain.md §9 that the closed loop may fall into is tried by a test that bears its number."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
TRAPS = frozenset({*range(1, 13), 15, 17, 18, 19, 22, 26, 27, 28, 30})
_NUMBERED = re.compile(r"trap_(\d+)_")


def numbers(source: str) -> set[int]:
    """The traps in the names of a module's tests."""
    named = (
        it.name
        for it in ast.walk(ast.parse(source))
        if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    tests = (name for name in named if name.startswith("test_"))
    return {int(number) for name in tests for number in _NUMBERED.findall(name)}


def test_every_trap_is_named_by_a_test() -> None:
    found = set().union(*(numbers(it.read_text(encoding="utf-8")) for it in TESTS.rglob("test_*.py")))
    assert not TRAPS - found


def test_only_the_names_of_tests_count() -> None:
    assert numbers("def test_trap_7_x(): ...\ndef trap_8_y(): ...\n# trap_9_z") == {7}
