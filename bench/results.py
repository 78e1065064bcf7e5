"""`RESULTS.md`: each bench keeps a section of its own there, from its heading to the next of the first level."""

import re
from pathlib import Path


def put(path: Path, heading: str, text: str) -> str:
    """Write the section under `# heading` anew, or add it at the end; the section."""
    section = f"# {heading}\n\n{text.strip()}\n"
    held = path.read_text(encoding="utf-8") if path.exists() else ""
    sections = [it for it in re.split(r"(?m)^(?=# )", held) if it.strip()]
    places = [at for at, it in enumerate(sections) if it.partition("\n")[0] == f"# {heading}"]
    if places:
        sections[places[0]] = section
    else:
        sections.append(section)
    path.write_text("\n".join(f"{it.strip()}\n" for it in sections), encoding="utf-8")
    return section
