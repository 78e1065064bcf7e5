"""The rules of the tree, executable; every rule first proves that it catches what it forbids (design §2)."""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests import rules, text_rules
from tests.rules import Module, Rule
from tests.text_rules import ROOT, modules, texts, tracked_files

LAYER_FOLDERS = {
    "api",
    "api/schema",
    "api/resolvers",
    "api/subscriptions",
    "domain",
    "services",
    "db",
    "db/models",
}
LAYER_FOLDER_FILES = 30
FOLDER_FILES = 16
FORBIDDEN_IMPORTS = {
    "domain/incident.py": "import shapely, db.incidents",
    "db/incidents.py": "import broadcaster",
    "db/bell.py": "import broadcaster",
    "db/models/incident.py": "",
    "services/incidents.py": "import services.grids, services.apply, tortoise, strawberry, demo.data",
    "services/grids.py": "",
    "services/apply.py": "",
    "demo/data.py": "import db.incidents",
    "channels/hotline.py": "import channels.open311",
    "channels/open311.py": "import demo.data",
    "clients/feed.py": "import services.grids",
    "api/errors.py": "import api.http",
    "api/http.py": "",
    "api/feed/hub.py": "import api.schema.grid",
    "api/schema/grid.py": "",
    "api/resolvers/grid.py": "import api.resolvers.incident",
    "api/resolvers/incident.py": "",
    "api/subscriptions/board.py": "import api.subscriptions.feed",
    "api/subscriptions/feed.py": "",
}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def holds(rule: Rule, catches: Module, *more: Module, allows: Module, over: Iterable[Module]) -> None:
    """The rule catches each violation, leaves the allowed source alone, and nothing in the tree breaks it."""
    for violation in (catches, *more):
        assert list(rule(violation)), f"{rule.__name__} misses {violation}"
    assert not list(rule(allows)), f"{rule.__name__} refuses {allows}"
    broken = [f"{module.path}:{fault}" for module in over for fault in rule(module)]
    assert not broken, "\n" + "\n".join(broken)


def crowded(paths: Iterable[str]) -> Iterator[str]:
    """Folders over their cap; the tests of a layer have the cap of the layer they mirror.

    Migrations and decisions are numbered in the order they were made, and are never put elsewhere.
    """
    folders = Counter(
        str(PurePosixPath(path).parent)
        for path in paths
        if not path.startswith(("db/migrations/", "docs/adr/"))
    )
    for folder, count in folders.items():
        cap = LAYER_FOLDER_FILES if folder.removeprefix("tests/") in LAYER_FOLDERS else FOLDER_FILES
        if count > cap:
            yield f"{folder} holds {count} files, {cap} at most"


def run(tool: str, *arguments: str, root: Path = ROOT) -> tuple[bool, str]:
    """Run one tool of this environment on a tree: whether it was content, and its words without mere notes."""
    answer = subprocess.run(  # noqa: S603 - the tools of our own lock, with fixed words
        [str(Path(sys.executable).with_name(tool)), *arguments],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "NO_COLOR": "1", "COLUMNS": "400"},
        check=False,
        capture_output=True,
        text=True,
    )
    lines = (answer.stdout + answer.stderr).splitlines()
    return not answer.returncode, "\n".join(line for line in lines if ": note: " not in line)


def holds_for_the_tree(tool: str, *arguments: str) -> None:
    content, words = run(tool, *arguments)
    assert content, f"\n{words}"


def test_a_function_has_at_most_forty_lines() -> None:
    holds(
        rules.long_functions,
        catches=Module("domain/a.py", "def f():\n" + "    x = 1\n" * 40),
        allows=Module("domain/a.py", "def f():\n" + "    x = 1\n" * 39),
        over=modules(),
    )


def test_a_file_has_at_most_three_hundred_lines_and_a_test_file_five_hundred() -> None:
    holds(
        rules.long_files,
        Module("domain/a.py", "x = 1\n" * 301),
        Module("tests/test_a.py", "x = 1\n" * 501),
        allows=Module("tests/test_a.py", "x = 1\n" * 500),
        over=modules(),
    )


def test_a_folder_of_a_layer_has_at_most_thirty_files_and_any_other_sixteen() -> None:
    assert list(crowded(f"services/a{number}.py" for number in range(31)))
    assert list(crowded(f"api/feed/a{number}.py" for number in range(17)))
    assert not list(crowded(f"tests/services/a{number}.py" for number in range(30)))
    assert not list(crowded(f"db/migrations/a{number}.py" for number in range(99)))
    assert list(crowded(f"docs/a{number}.md" for number in range(17)))
    assert not list(crowded(tracked_files()))


def test_files_and_classes_are_named_after_what_they_are() -> None:
    holds(
        rules.vague_names,
        Module("api/utils.py", ""),
        Module("services/common/lock.py", ""),
        Module("domain/a.py", "class BaseThing: ..."),
        allows=Module("domain/incident.py", "class Incident(BaseModel): ..."),
        over=modules(),
    )


def test_imports_are_absolute() -> None:
    holds(
        rules.relative_imports,
        catches=Module("db/a.py", "from . import b"),
        allows=Module("db/a.py", "from db import b"),
        over=modules(),
    )


def test_every_module_says_what_it_is() -> None:
    holds(
        rules.missing_docstring,
        catches=Module("db/a.py", "x = 1"),
        allows=Module("db/a.py", '"""What it is."""'),
        over=modules(),
    )


def test_a_guarded_module_is_imported_at_its_home_alone() -> None:
    holds(
        rules.strangers,
        Module("server.py", "from tortoise import Tortoise"),
        Module("cli.py", "from db import models"),
        Module("db/event_log.py", "import broadcaster"),
        Module("api/http.py", "import settings"),
        Module("services/incidents.py", "def f():\n    from demo.data import grids"),
        allows=Module("db/bell.py", "from broadcaster import Broadcast\nimport tortoise"),
        over=modules(),
    )


def test_rules_are_pure() -> None:
    holds(
        rules.impure_rules,
        Module("domain/a.py", "import random"),
        Module("domain/a.py", "import shapely"),
        Module("domain/a.py", "from db import incidents"),
        Module("domain/a.py", "from datetime import datetime\nx = datetime.now()"),
        Module("domain/a.py", "from datetime import datetime\nx = field(default_factory=datetime.utcnow)"),
        Module("domain/a.py", "import datetime\nx = datetime.date.today()"),
        Module("domain/a.py", "from uuid import uuid4\nx = uuid4()"),
        Module("domain/a.py", "import uuid\nx = uuid.uuid1()"),
        Module("domain/a.py", "x = open('a')"),
        allows=Module(
            "domain/a.py",
            "from datetime import time\nfrom domain.term import Term\ndef due(now):\n    return now + clock.now",
        ),
        over=modules(),
    )


def test_transactions_are_opened_by_the_unit_of_work_alone() -> None:
    holds(
        rules.transactions_elsewhere,
        Module("db/incidents.py", "from tortoise.transactions import in_transaction"),
        Module("services/incidents.py", "async def f(c):\n    async with c._in_transaction(): ..."),
        Module("db/incidents.py", "async def f(c):\n    await c.execute_script('BEGIN IMMEDIATE')"),
        allows=Module("db/unit_of_work.py", "from tortoise.transactions import in_transaction"),
        over=modules(),
    )


def test_no_task_is_started_inside_a_transaction() -> None:
    holds(
        rules.tasks_in_transactions,
        Module(
            "services/a.py",
            "async def f():\n    async with begin() as work:\n        asyncio.create_task(g())",
        ),
        Module("services/a.py", "async def f(work):\n    await asyncio.gather(g(), h())"),
        allows=Module(
            "services/a.py", "async def f():\n    async with begin() as w: ...\n    asyncio.create_task(g())"
        ),
        over=modules(),
    )


def test_resolvers_do_not_catch_errors() -> None:
    holds(
        rules.tries_in_resolvers,
        catches=Module("api/resolvers/grid.py", "def f():\n    try:\n        g()\n    finally:\n        h()"),
        allows=Module("api/http.py", "try:\n    g()\nexcept OSError:\n    h()"),
        over=modules(),
    )


def test_every_read_the_api_can_reach_takes_a_required_viewer() -> None:
    holds(
        rules.reads_without_viewer,
        Module("db/grids.py", "async def page(first): ..."),
        Module("db/grids.py", "async def find_by_code(code, *, viewer=None): ..."),
        Module("db/grids.py", "async def at(point, viewer=None): ..."),
        allows=Module("db/grids.py", "async def count(*, viewer): ...\nasync def paginate(first): ..."),
        over=modules(),
    )


def test_every_command_asks_for_permission() -> None:
    holds(
        rules.commands_without_permit,
        Module("services/grids.py", "async def create(call, name):\n    return name"),
        Module(
            "services/grids.py",
            "async def create(*, call):\n    await _store(call)\nasync def _store(call): ...",
        ),
        allows=Module(
            "services/grids.py",
            "async def create(call):\n    await run(call, _body)\nasync def _body(call):\n    permit(call.actor)",
        ),
        over=modules(),
    )


def test_a_noun_has_the_same_stem_in_every_layer() -> None:
    holds(
        rules.misnamed_nouns,
        Module("services/incident.py", ""),
        Module("db/person.py", ""),
        Module("api/schema/grids.py", ""),
        Module("domain/people.py", ""),
        allows=Module("services/media.py", ""),
        over=modules(),
    )


def test_every_suppression_names_its_code_and_its_reason() -> None:
    holds(
        text_rules.unexplained_suppressions,
        Module("a.py", "import a  # no" + "qa"),
        Module("a.py", "import a  # no" + "qa: F401"),
        Module("a.py", "x = 1  # type: ig" + "nore[misc]"),
        Module("a.py", "x = 1  # type: ig" + "nore"),
        Module("a.py", "# ruff: no" + "qa: the whole file"),
        allows=Module("a.py", "x = 1  # type: ig" + "nore[misc]  # the stub is wrong\n"),
        over=modules(),
    )


def test_nothing_is_left_for_later() -> None:
    holds(
        text_rules.left_for_later,
        catches=Module("a.md", "TO" + "DO: write this"),
        allows=Module("a.md", "today"),
        over=[text for text in texts() if text.path != "pyproject.toml"],
    )


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    holds(
        text_rules.machine_paths,
        Module("a.py", "open('/ro" + "ot/key')"),
        Module("a.md", "see /wo" + "rk/main"),
        allows=Module("a.md", "docs/work/home.md and {root}/tmp/x"),
        over=texts(),
    )


def test_no_file_names_a_package_registry() -> None:
    holds(
        text_rules.registry_hosts,
        Module("a.lock", "--index" + "-url https://example.org/a"),
        Module("a.lock", "https://example.org/simp" + "le/a"),
        Module("a.json", "https://registry" + ".example.org/a"),
        allows=Module("a.md", "see https://example.org/registry"),
        over=texts(),
    )


@pytest.mark.parametrize(("lock", "least"), [*((lock, 50) for lock in LOCKS), ("requirements-node.lock", 2)])
def test_a_lock_pins_and_hashes_every_package_and_holds_no_address(lock: str, least: int) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) >= least
    assert "://" not in text
    assert [
        entry for entry in entries if not re.match(r"[\w.\[\],-]+==\S+.*\n\s+--hash=sha256:", entry)
    ] == []


@pytest.mark.parametrize(
    "lock",
    [
        "bench/peers/package-lock.json",
        *(f"tests/{it}/npm/package-lock.json" for it in ("conformance", "interop")),
    ],
)
def test_a_lock_of_node_packages_hashes_each_and_holds_no_address(lock: str) -> None:
    packages = json.loads((ROOT / lock).read_text(encoding="utf-8"))["packages"]
    installed = {name: it for name, it in packages.items() if name}
    assert len(installed) >= 2
    assert [name for name, it in installed.items() if "resolved" in it or not it.get("integrity")] == []


def test_both_locks_hold_the_same_versions() -> None:
    run, dev = (dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / lock).read_text())) for lock in LOCKS)
    assert run.items() <= dev.items()


def test_the_code_is_free_of_lint() -> None:
    holds_for_the_tree("ruff", "check", "--output-format=concise", ".")


def test_the_code_is_formatted() -> None:
    holds_for_the_tree("ruff", "format", "--check", "--output-format=concise", ".")


def test_the_types_hold() -> None:
    holds_for_the_tree("mypy")


def test_the_import_contracts_hold() -> None:
    holds_for_the_tree("lint-imports")


def test_every_import_contract_catches_its_violation(tmp_path: Path) -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    for path, text in FORBIDDEN_IMPORTS.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text)
    content, words = run("lint-imports", "--no-cache", root=tmp_path)
    contracts = [
        contract["name"] for contract in tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    ]
    assert not content
    assert [name for name in contracts if f"{name} BROKEN" not in words] == []


def test_a_gate_that_fails_says_why() -> None:
    with pytest.raises(AssertionError, match="no-such-file"):
        holds_for_the_tree("ruff", "check", "no-such-file.py")
