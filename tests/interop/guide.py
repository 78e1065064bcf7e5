"""docs/feed.md as its snippets."""

import re

from tests.text_rules import ROOT

TEXT = (ROOT / "docs" / "feed.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[tuple[str, str]]:
    """What follows the language on the fence, and the code, of each snippet in that language."""
    return re.findall(rf"(?ms)^```{language}\b *([^\n]*)\n(.*?)^```$", TEXT)


def snippet(language: str) -> str:
    """The one snippet in that language."""
    ((_, code),) = snippets(language)
    return code


def rows(pattern: str) -> list[re.Match[str]]:
    """The rows of tables that are like that."""
    return list(re.finditer(rf"(?m)^\| {pattern} \|$", TEXT))
