"""RESULTS.md: one section for each bench; a run replaces its own alone."""

import itertools
import re
from pathlib import Path

_SECTION = re.compile(r"^# Results of ", re.MULTILINE)


def put(path: Path, text: str) -> None:
    """Replace the section that begins with the same line as `text`, or add it at the end."""
    title = text.split("\n", 1)[0]
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    starts = [it.start() for it in _SECTION.finditer(old)] + [len(old)]
    sections = [old[begin:end].strip() for begin, end in itertools.pairwise(starts)]
    places = [at for at, it in enumerate(sections) if it.split("\n", 1)[0] == title]
    if places:
        sections[places[0]] = text.strip()
    else:
        sections.append(text.strip())
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
