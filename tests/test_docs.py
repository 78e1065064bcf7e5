"""The documents keep their promises: every word is explained, every link leads somewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.nouns import NOUNS
from tests.rules import Module
from tests.text_rules import ROOT, modules, tracked_files

GLOSSARY = ROOT / "docs" / "glossary.md"
ROW = re.compile(r"^\| `(\w+)` \| (\S+) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
CHINESE = re.compile(r"[一-鿿]+")
ADR_PARTS = ["Context", "Decision", "Consequences", "Enforced by"]
SCHEMA_NAMES = {"org": "OrgUnit", "followup": "FollowUp", "saved_filter": "SavedFilter"}


def terms(module: Module) -> Iterator[tuple[str, str]]:
    """The enums of a module with the Chinese their docstring begins with."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(kind) == "Term" for kind in node.bases):
            chinese = CHINESE.match(ast.get_docstring(node) or "")
            yield node.name, chinese[0] if chinese else ""


def broken_links(document: str, text: str) -> Iterator[str]:
    """Relative links of a document that lead to no file of the tree, or to no heading of it."""
    for target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        found = (ROOT / document).parent / path if path else ROOT / document
        missing = not found.exists()
        if missing or (anchor and anchor not in anchors(found.read_text(encoding="utf-8"))):
            yield f"{document}: {target}"


def anchors(text: str) -> set[str]:
    """The ids a heading gets: lower case, punctuation dropped, spaces to dashes."""
    headings = re.findall(r"(?m)^#+ (.+)$", text)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def documents() -> list[str]:
    return [path for path in tracked_files() if path.endswith(".md")]


def adrs() -> list[Path]:
    return sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def test_every_enum_of_the_domain_is_in_the_glossary_under_its_chinese_name() -> None:
    rows = {name: chinese for name, chinese, _ in ROW.findall(GLOSSARY.read_text(encoding="utf-8"))}
    found = dict(pair for module in modules() if module.path.startswith("domain/") for pair in terms(module))
    assert len(found) > 20
    assert {
        name: (chinese, rows.get(name)) for name, chinese in found.items() if rows.get(name) != chinese
    } == {}


def test_every_noun_that_has_rules_is_in_the_glossary() -> None:
    rows = {name for name, _, _ in ROW.findall(GLOSSARY.read_text(encoding="utf-8"))}
    nouns = {module.stem for module in modules() if module.directly_in("domain")} & NOUNS.keys()
    assert len(nouns) > 10
    assert {SCHEMA_NAMES.get(noun, noun.title()) for noun in nouns} - rows == set()


def test_no_word_is_explained_twice() -> None:
    words = [name for name, _, _ in ROW.findall(GLOSSARY.read_text(encoding="utf-8"))]
    assert sorted(words) == sorted(set(words))


def test_every_relative_link_leads_somewhere() -> None:
    assert list(broken_links("README.md", "[a](no-such-file.md) [b](LICENSE#no-such-heading)")) == [
        "README.md: no-such-file.md",
        "README.md: LICENSE#no-such-heading",
    ]
    broken = [
        link
        for document in documents()
        for link in broken_links(document, (ROOT / document).read_text(encoding="utf-8"))
    ]
    assert broken == []


def test_every_decision_has_its_four_parts_and_its_line_in_the_index() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert len(adrs()) >= 10
    for adr in adrs():
        text = adr.read_text(encoding="utf-8")
        assert re.findall(r"(?m)^## (.+)$", text) == ADR_PARTS, adr.name
        assert f"({adr.name})" in index
        assert text.startswith(f"# {int(adr.name[:4])}. ")


def test_files_that_the_contributors_table_names_exist_or_are_patterns_that_match() -> None:
    table = re.findall(
        r"(?m)^\| I want to .+? \| (.+) \|$", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    )
    assert len(table) > 10
    named = {path for row in table for path in re.findall(r"`([\w./*-]+/[\w.*-]*|[\w-]+\.\w+)`", row)}
    assert sorted(path for path in named if not list(ROOT.glob(path.rstrip("/")))) == []
