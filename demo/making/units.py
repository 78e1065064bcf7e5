"""orgs.csv and people.csv: the founding case's units, and made-up people."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from demo.making import tables
from demo.making.divisions import DISTRICT, Region, present
from demo.making.ground import SEED, Grid

CENTRE = "GCL-CMD"

UNITS = [
    (CENTRE, "区委政法委社会治理指挥中心", "指挥中心", "COMMAND_CENTER"),
    ("GCL-MZJ", "弓长岭区民政局", "民政局", "DEPARTMENT"),
    ("GCL-WMB", "弓长岭区精神文明建设办公室", "文明办", "DEPARTMENT"),
    ("GCL-ZFD", "弓长岭区综合行政执法大队", "综合执法大队", "DEPARTMENT"),
    ("GCL-ZJJ", "弓长岭区住房和城乡建设局", "住建局", "DEPARTMENT"),
    ("GCL-HBJ", "弓长岭生态环境分局", "生态环境分局", "DEPARTMENT"),
    ("GCL-JTJ", "弓长岭区交通运输局", "交通运输局", "DEPARTMENT"),
    ("GCL-RSJ", "弓长岭区人力资源和社会保障局", "人社局", "DEPARTMENT"),
    ("GCL-NYJ", "弓长岭区农业农村局", "农业农村局", "DEPARTMENT"),
    ("GCL-SCJ", "弓长岭区市场监督管理局", "市场监管局", "DEPARTMENT"),
    ("GCL-YJJ", "弓长岭区应急管理局", "应急管理局", "DEPARTMENT"),
    ("GCL-GAJ", "弓长岭公安分局", "公安分局", "DEPARTMENT"),
    ("GCL-WJJ", "弓长岭区卫生健康局", "卫健局", "DEPARTMENT"),
    ("GCL-JYJ", "弓长岭区教育局", "教育局", "DEPARTMENT"),
    ("GCL-WLJ", "弓长岭区文化旅游和广播电视局", "文旅广电局", "DEPARTMENT"),
    ("GCL-SFJ", "弓长岭区司法局", "司法局", "DEPARTMENT"),
    ("GCL-YSJ", "弓长岭区营商环境建设局", "营商局", "DEPARTMENT"),
    ("GCL-GSG", "弓长岭供水公司", "供水公司", "UTILITY"),
    ("GCL-GRG", "弓长岭供热公司", "供热公司", "UTILITY"),
    ("GCL-GDG", "弓长岭供电公司", "供电公司", "UTILITY"),
    ("GCL-RQG", "弓长岭燃气公司", "燃气公司", "UTILITY"),
]

FIRST_COMMUNITY = "211005003001"
FIRST_GRID = FIRST_COMMUNITY + "001"

ACCOUNTS = [
    ("command", CENTRE, "COMMAND_DIRECTOR", "COMMAND_DIRECTOR"),
    ("acceptor", CENTRE, "ACCEPTOR", "ACCEPTOR"),
    ("shift", CENTRE, "SHIFT_LEADER", "SHIFT_LEADER"),
    ("dispatcher", CENTRE, "DISPATCHER", "DISPATCHER"),
    ("inspector", CENTRE, "INSPECTOR", "INSPECTOR"),
    ("callback", CENTRE, "CALLBACK", "CALLBACK"),
    ("civil", "GCL-MZJ", "HANDLER_LEAD", "HANDLER_LEAD"),
    ("civil-handler", "GCL-MZJ", "HANDLER", "HANDLER"),
    ("civility", "GCL-WMB", "HANDLER_LEAD", "HANDLER_LEAD"),
    ("enforcement", "GCL-ZFD", "HANDLER_LEAD", "HANDLER_LEAD"),
    ("housing", "GCL-ZJJ", "HANDLER_LEAD", "HANDLER_LEAD"),
    ("community", f"GCL-{FIRST_COMMUNITY}", "OFFICE_CLERK", "COMMUNITY_CLERK"),
    ("grid", f"GCL-{FIRST_COMMUNITY}", "GRID_WORKER_FULL", "GRID_WORKER"),
    ("volunteer", "", "VOLUNTEER", "VOLUNTEER"),
    ("resident", "", "RESIDENT", "RESIDENT"),
    ("auditor", CENTRE, "AUDIT_ADMIN", "AUDITOR"),
    ("admin", CENTRE, "SYS_ADMIN", "SYS_ADMIN"),
]
"""username, unit, post type, role: design §10 with domain.md B.5."""


class Org(NamedTuple):
    """A unit as written; empty text for none."""

    code: str
    name: str
    short_name: str
    kind: str
    parent_code: str
    region_code: str


def orgs(regions: list[Region]) -> list[Org]:
    """The district's units, then streets, then communities under their street."""
    units = [Org(*unit, "", DISTRICT) for unit in UNITS]
    units += [
        Org(f"GCL-{row.code}", _office(row), row.short_name, "STREET", "", row.code)
        for row in present(regions, "STREET")
    ]
    units += [
        Org(f"GCL-{row.code}", row.name, row.short_name, "COMMUNITY", f"GCL-{row.parent_code}", row.code)
        for row in present(regions, "COMMUNITY")
    ]
    return units


def _office(row: Region) -> str:
    return f"{row.name}办事处" if row.name.endswith("街道") else f"{row.name}人民政府"


def _names(source: Path) -> Iterator[str]:
    """Made-up names, each once, surnames as frequent as they are."""
    draw = Random(SEED + 2)  # noqa: S311  # a fixed seed for made-up people
    surnames = list(tables.read(source / "names" / "surnames.csv"))
    given = [row["given_name"] for row in tables.read(source / "names" / "given_names.csv")]
    weights = [float(row["weight_percent"]) for row in surnames]
    used: set[str] = set()
    while True:
        surname = draw.choices(surnames, weights)[0]["surname"]
        name = surname + given[int(draw.random() * len(given))]
        if name not in used:
            used.add(name)
            yield name


def _posts(units: list[Org], grids: list[Grid]) -> Iterator[tuple[str, str, str, str, str]]:
    """username, unit, post type, role, grid."""
    for username, org, post_type, role in ACCOUNTS:
        yield username, org, post_type, role, FIRST_GRID if username == "grid" else ""
    for grid in sorted(grids):
        if grid.code != FIRST_GRID:
            org = f"GCL-{grid.community.code}"
            yield f"grid-{grid.code}", org, "GRID_WORKER_FULL", "GRID_WORKER", grid.code
    for unit in units:
        if unit.kind in {"DEPARTMENT", "UTILITY"}:
            yield f"lead-{unit.code.lower()}", unit.code, "HANDLER_LEAD", "HANDLER_LEAD", ""


def write(units: list[Org], grids: list[Grid], source: Path) -> None:
    """orgs.csv and people.csv."""
    tables.write("orgs.csv", " ".join(Org._fields), units)
    region = {unit.code: unit.region_code for unit in units} | {"": ""}
    names = _names(source)
    tables.write(
        "people.csv",
        "username display_name org_code post_type role region_code grid_code",
        [
            (username, next(names), org, post_type, role, region[org], grid)
            for username, org, post_type, role, grid in _posts(units, grids)
        ],
    )
