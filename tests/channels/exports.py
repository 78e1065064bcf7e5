"""Small exports and their mapping, for the tests of the import."""

import gzip
from pathlib import Path

MAPPING = """
[columns]
external_id = "id"
reported_at = "at"
title = "matter"
address = "place"
source = "way"
kind = "what"
[values.source]
"热线" = "HOTLINE_12345"
[values.kind]
"投诉" = "COMPLAINT"
[defaults]
domain = "LIVELIHOOD"
urgency = "NORMAL"
[category]
prefix = "X-"
create = true
levels = [{ code = "c1" }, { code = "c2" }, { code = "c3", name = "matter" }]
[unit]
code = "unit"
create = true
[unit.kinds]
"公司" = "UTILITY"
[region]
create = true
district = { code = "990000000000", name = "试验区" }
street = { code = "street" }
[flags]
overdue_closed = "late"
in_progress = "open"
closed_on_time = "fine"
"""
HEADER = "id,at,matter,place,way,what,c1,c2,c3,unit,street,late,open,fine"
ROW = "{id},2024-05-06T09:00:00,路灯不亮,某路1号,热线,投诉,市政,照明,路灯,供电公司,东街,0,0,1"


def mapping(folder: Path, text: str = MAPPING) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def export(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "export.csv"
    path.write_bytes(("\n".join([header, *rows]) + "\n").encode(encoding))
    return path


def zipped(path: Path) -> Path:
    target = path.with_suffix(".csv.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def row(number: int = 1, **changes: str) -> str:
    """A good row with some columns changed."""
    fields = dict(zip(HEADER.split(","), ROW.format(id=f"R{number}").split(","), strict=True))
    return ",".join({**fields, **changes}.values())
