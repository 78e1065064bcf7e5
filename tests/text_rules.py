"""Rules about text: suppressions carry reasons, nothing is left for later, no file knows a machine."""

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.rules import Module

ROOT = Path(__file__).parent.parent
GENERATED = "db/migrations/"
UNTRACKED = re.compile(
    r"(^|/)(\.(?!ci/|gitignore)[^/]*|var|htmlcov|__pycache__|node_modules|[^/]+\.egg-info)(/|$)"
)
SUPPRESSIONS = re.compile(
    r"#\s*(?P<kind>noqa|type:\s*ignore|pragma:\s*no\s*\w+|ruff:\s*noqa|mypy:)"
    r"(?P<codes>:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*|\[[a-z0-9,\s-]+\])?(?P<reason>[^#]*(?:#(?!\s*noqa).*)?)"
)
# written in pieces, so that this file keeps the rules it states
LEFT_FOR_LATER = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
MACHINE = re.compile(r"(?<![\w.~*/}-])/(work|root|home|tmp|Users)/\w")
# by the shape of their addresses: a list of names would itself name them
REGISTRY = re.compile(
    r"//(deb|files|index|mirrors?|packages|proxy|pypi|registry|security)\.[a-z]|//[^\s\"']*/simp" + r"le\b|"
    r"-index-url[ =]\S*//"
)
BINARY = {".png", ".jpg", ".jpeg", ".webp", ".gz", ".ico", ".woff2", ".ttf"}


@cache
def tracked_files() -> tuple[str, ...]:
    """Every file of the tree that is, or may be, committed; outside a checkout, every file on disk."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        answer = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - fixed words, no input
    except (OSError, subprocess.CalledProcessError):
        paths = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*"))
        found = [path for path in paths if not UNTRACKED.search(path)]
    else:
        found = answer.stdout.split("\0")
    return tuple(sorted(path for path in found if path and (ROOT / path).is_file()))


@cache
def texts() -> tuple[Module, ...]:
    """Every text file of the tree."""
    paths = (path for path in tracked_files() if Path(path).suffix not in BINARY)
    return tuple(Module(path, (ROOT / path).read_text(encoding="utf-8")) for path in paths)


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file written by hand."""
    return tuple(
        text for text in texts() if text.path.endswith(".py") and not text.path.startswith(GENERATED)
    )


def unexplained_suppressions(module: Module) -> Iterator[str]:
    """`# noqa: CODE - why` and `# type: ignore[code]  # why`: with a code, and with a reason of two words."""
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        for found in SUPPRESSIONS.finditer(token.string):
            needs_code = found["kind"] == "noqa" or found["kind"].startswith("type")
            whole_file = found["kind"].startswith(("ruff", "mypy"))
            reason = re.findall(r"\w+", found["reason"])
            if whole_file or (needs_code and not found["codes"]) or len(reason) < 2:
                yield f"{token.start[0]} a suppression names its code and gives a reason: {token.string}"


def left_for_later(module: Module) -> Iterator[str]:
    yield from matches(module, LEFT_FOR_LATER)


def machine_paths(module: Module) -> Iterator[str]:
    yield from matches(module, MACHINE)


def registry_hosts(module: Module) -> Iterator[str]:
    yield from matches(module, REGISTRY)


def matches(module: Module, pattern: re.Pattern[str]) -> Iterator[str]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if found := pattern.search(line):
            yield f"{number} {found[0]}"
