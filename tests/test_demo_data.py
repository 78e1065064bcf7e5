"""What is shipped for the demo is complete, consistent, made up where it says so, and small."""

import json
import re
from collections import Counter
from datetime import date
from uuid import UUID

import pytest
import shapely
from shapely.geometry import shape

from db.geometry import Area, GridIndex, area_m2, covers, overlap_m2, parse_polygon
from demo import data
from domain.place import Crs, Point, to_wgs84

FOLDER = data.FILES.parent
TODAY = date(2026, 1, 1)

ACCOUNTS = {
    "command": ("GCL-CMD", "COMMAND_DIRECTOR"),
    "acceptor": ("GCL-CMD", "ACCEPTOR"),
    "shift": ("GCL-CMD", "SHIFT_LEADER"),
    "dispatcher": ("GCL-CMD", "DISPATCHER"),
    "inspector": ("GCL-CMD", "INSPECTOR"),
    "callback": ("GCL-CMD", "CALLBACK"),
    "civil": ("GCL-MZJ", "HANDLER_LEAD"),
    "civil-handler": ("GCL-MZJ", "HANDLER"),
    "civility": ("GCL-WMB", "HANDLER_LEAD"),
    "enforcement": ("GCL-ZFD", "HANDLER_LEAD"),
    "housing": ("GCL-ZJJ", "HANDLER_LEAD"),
    "community": ("GCL-211005003001", "OFFICE_CLERK"),
    "grid": ("GCL-211005003001", "GRID_WORKER_FULL"),
    "volunteer": (None, "VOLUNTEER"),
    "resident": (None, "RESIDENT"),
    "auditor": ("GCL-CMD", "AUDIT_ADMIN"),
    "admin": ("GCL-CMD", "SYS_ADMIN"),
}


def _valid(day: date) -> dict[str, data.DemoRegion]:
    """The divisions valid on a day, by code."""
    rows = [row for row in data.regions() if row.valid_from <= day and (row.valid_to or date.max) > day]
    found = {row.code: row for row in rows}
    assert len(found) == len(rows), "one code, two versions at once"
    return found


def _areas(items: list[data.DemoGrid] | list[data.DemoArea]) -> dict[str, Area]:
    return {item.code: parse_polygon(item.polygon, Crs.WGS84, "polygon") for item in items}


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.suffix != ".pyc") < 1_000_000


def test_the_readme_lists_every_file() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    files = [*data.FILES.iterdir(), *(FOLDER / "making").glob("*.csv")]
    assert len(files) == 16
    assert [path.name for path in files if path.name not in readme] == []


def test_the_present_divisions_are_four_streets_and_33_communities() -> None:
    levels = Counter(row.level for row in _valid(TODAY).values())
    assert levels == {"DISTRICT": 1, "STREET": 4, "COMMUNITY": 33}


def test_every_division_has_a_parent_that_was_valid_as_long() -> None:
    for day in (date(2016, 1, 1), date(2019, 12, 31), date(2020, 1, 1), date(2023, 1, 1), TODAY):
        valid = _valid(day)
        assert {row.parent_code for row in valid.values()} - set(valid) == {None}


def test_the_abolished_street_exists_until_2020() -> None:
    (street,) = [row for row in data.regions() if row.code == "211005002000"]
    assert (street.name, street.valid_to) == ("团山街道", date(2020, 1, 1))
    assert "211005002000" in _valid(date(2019, 12, 31))


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("211005002003", "211005001005", "八家子社区"),
        ("211005002005", "211005001004", "陈家社区"),
        ("211005002002", "211005003010", "安南社区"),
    ],
)
def test_a_moved_community_is_superseded_the_day_it_ends(old: str, new: str, name: str) -> None:
    before, after = _valid(date(2019, 12, 31)), _valid(date(2020, 1, 1))
    assert before[old].valid_to == after[new].valid_from == date(2020, 1, 1)
    assert before[old].short_name == after[new].short_name == name
    assert after[new].supersedes == (old,)
    assert (old in after, new in before) == (False, False)


def test_one_community_vanished_one_is_new_and_one_was_renamed() -> None:
    assert "211005002006" not in {code for row in data.regions() for code in row.supersedes}
    assert "211005002006" not in _valid(date(2020, 1, 1))
    assert "211005003011" not in _valid(date(2022, 12, 31))
    assert _valid(TODAY)["211005003011"].short_name == "安东社区"
    assert _valid(date(2018, 12, 31))["211005201204"].short_name == "贾斌村"
    renamed = _valid(date(2019, 1, 1))["211005201204"]
    assert (renamed.short_name, renamed.supersedes) == ("贾彬村", ("211005201204",))


def test_every_present_community_has_a_cell_and_the_cells_tile_the_outline() -> None:
    cells = _areas(data.communities())
    assert set(cells) == {code for code, row in _valid(TODAY).items() if row.level == "COMMUNITY"}
    assert shapely.coverage_is_valid(list(cells.values()))
    total = sum(area_m2(cell) for cell in cells.values())
    assert total == pytest.approx(area_m2(shape(data.outline())), abs=1)
    assert total == pytest.approx(340e6, rel=0.01)


def test_grids_lie_in_their_community_cover_it_and_do_not_overlap() -> None:
    cells, grids = _areas(data.communities()), _areas(data.grids())
    assert len(grids) >= 60
    assert {grid.polygon["type"] for grid in data.grids()} == {"Polygon"}
    assert all(shape(grid.polygon).is_valid for grid in data.grids())
    assert all(covers(cells[code[:12]], grid) for code, grid in grids.items())
    for code, cell in cells.items():
        inside = [area_m2(grid) for other, grid in grids.items() if other[:12] == code]
        assert sum(inside) == pytest.approx(area_m2(cell), abs=1)
    tree = shapely.STRtree(list(grids.values()))
    left, right = tree.query(tree.geometries, predicate="intersects")
    for a, b in zip(left, right, strict=True):
        assert a == b or overlap_m2(tree.geometries[a], tree.geometries[b]) < 1


def test_grid_codes_follow_their_community_in_sequence() -> None:
    sequence: Counter[str] = Counter()
    for grid in data.grids():
        sequence[grid.community_code] += 1
        assert grid.code == f"{grid.community_code}{sequence[grid.community_code]:03}"
        assert grid.kind == "COMPREHENSIVE"
        assert 250 <= grid.households <= 500 < grid.population
    first = next(grid for grid in data.grids() if grid.code == "211005003001001")
    assert first.name == "安胜社区第一网格"


def test_made_up_ground_says_so() -> None:
    for name in ("communities.geojson", "grids.geojson"):
        features = json.loads((data.FILES / name).read_text(encoding="utf-8"))["features"]
        assert all(feature["properties"]["synthetic"] is True for feature in features)
    outline = json.loads((data.FILES / "outline.geojson").read_text(encoding="utf-8"))["features"][0]
    assert outline["properties"]["simplified"] is True


def test_a_phone_in_the_centre_is_in_the_first_grid_whichever_system_it_reports() -> None:
    index = GridIndex((UUID(int=int(code)), code, area) for code, area in _areas(data.grids()).items())
    first = UUID(int=211005003001001)
    assert index.candidates(123.425581, 41.155673) == [first]
    point = to_wgs84(Point(123.431633, 41.157831, Crs.GCJ02))
    assert index.locate(point.lng, point.lat) == first
    assert index.locate(123.17, 41.27) is None


def test_units_have_parents_and_regions_that_exist() -> None:
    orgs = {org.code: org for org in data.orgs()}
    assert len(orgs) == len(data.orgs())
    assert {org.parent_code for org in orgs.values()} - set(orgs) == {None}
    assert {org.region_code for org in orgs.values()} <= set(_valid(TODAY))
    kinds = Counter(org.kind for org in orgs.values())
    assert (kinds["COMMAND_CENTER"], kinds["STREET"], kinds["COMMUNITY"]) == (1, 4, 33)
    assert orgs["GCL-CMD"].name == "区委政法委社会治理指挥中心"


def test_the_category_tree_has_three_levels_with_parents_before_children() -> None:
    seen: dict[str, int] = {}
    for category in data.categories():
        assert category.code not in seen
        assert (category.parent_code is None) == (category.level == 1)
        assert category.parent_code is None or seen[category.parent_code] == category.level - 1
        assert category.default_urgency in {"CRITICAL", "URGENT", "NORMAL", "COMPLEX"}
        seen[category.code] = category.level
    levels = Counter(seen.values())
    assert levels[1] == 13
    assert levels[2] >= 35
    assert levels[3] >= 110


def test_the_street_lamp_demands_photos_and_a_check_and_is_the_housing_bureaus() -> None:
    (lamp,) = [category for category in data.categories() if category.name == "路灯" and category.level == 3]
    assert (lamp.requires_photo, lamp.requires_after_photo, lamp.requires_onsite_verify) == (True, True, True)
    assert [duty.org_code for duty in data.duties() if duty.category_code == lamp.code] == ["GCL-ZJJ"]


def test_every_level_3_category_has_a_rule_duties_a_share_and_a_template() -> None:
    leaves = {category.code for category in data.categories() if category.level == 3}
    workers = {org.code for org in data.orgs() if org.kind in {"DEPARTMENT", "UTILITY"}}
    assert Counter(rule.category_code for rule in data.rules()) == Counter(leaves)
    assert {duty.category_code for duty in data.duties()} == leaves
    assert {template.category_code for template in data.templates()} == leaves
    assert set(data.shares().category) == leaves
    assert {org for rule in data.rules() for org in rule.lead_org_codes} <= workers
    assert all(duty.org_code in workers and duty.legal_basis for duty in data.duties())


def test_common_categories_have_two_templates_that_fit_the_fields() -> None:
    counts = Counter(template.category_code for template in data.templates())
    common = {code for code, share in data.shares().category.items() if share >= 0.005}
    assert len(common) > 30
    assert {code for code in common if counts[code] < 2} == set()
    for template in data.templates():
        assert "{place}" in template.title + template.content
        assert 2 <= len(template.title.format(place="某" * 20)) <= 50
        assert len(template.content.format(place="某" * 20)) <= 1000


def test_shares_and_profiles_sum_to_one() -> None:
    shares = data.shares()
    for part in (shares.source, shares.kind, shares.category):
        assert sum(part.values()) == pytest.approx(1, abs=1e-3)
    assert [len(hours) for hours in shares.arrivals] == [24] * 7
    assert sum(map(sum, shares.arrivals)) == pytest.approx(1, abs=1e-3)
    assert shares.on_time == pytest.approx(0.897, abs=0.001)
    cuts = list(shares.hours_to_close.values())
    assert list(shares.hours_to_close) == ["p10", "p25", "p50", "p75", "p90", "p95"]
    assert cuts == sorted(cuts)
    assert cuts[0] > 0


def test_the_calendar_covers_2016_to_2026_with_its_working_saturdays() -> None:
    days = {day.day: day for day in data.calendar_days()}
    assert len(days) == len(data.calendar_days()) == 374
    assert {day.year for day in days} == set(range(2016, 2027))
    assert days[date(2024, 10, 12)].is_workday
    assert not days[date(2024, 10, 1)].is_workday
    assert "2024" in days[date(2024, 10, 1)].source


def test_every_demo_account_is_there_with_its_post() -> None:
    people = {person.username: person for person in data.people()}
    assert len(people) == len(data.people())
    assert {name: (people[name].org_code, people[name].post_type) for name in ACCOUNTS} == ACCOUNTS
    assert people["grid"].grid_code == "211005003001001"
    assert people["community"].region_code == "211005003001"


def test_every_grid_has_one_worker_of_its_community_and_every_unit_a_lead() -> None:
    workers = [person for person in data.people() if person.post_type == "GRID_WORKER_FULL"]
    assert Counter(worker.grid_code for worker in workers) == Counter(grid.code for grid in data.grids())
    assert all(worker.org_code == f"GCL-{(worker.grid_code or '')[:12]}" for worker in workers)
    led = {person.org_code for person in data.people() if person.post_type == "HANDLER_LEAD"}
    assert led == {org.code for org in data.orgs() if org.kind in {"DEPARTMENT", "UTILITY"}}


def test_people_are_made_up_of_the_name_lists_and_unlike() -> None:
    surnames = {row.surname for row in data.surnames()}
    given = {row.given_name for row in data.given_names()}
    names = [person.display_name for person in data.people()]
    assert len(set(names)) == len(names)
    for name in names:
        assert any(name[:cut] in surnames and name[cut:] in given for cut in (1, 2))


def test_no_file_names_a_place_of_the_measured_cases_or_holds_a_phone_number() -> None:
    foreign = re.compile(
        "坪山|坑梓|龙田|碧岭|马峦|石井街道|深圳|运城|A市|西地省|某某|(?<!\\d)1[3-9]\\d{9}(?!\\d)"
    )
    for path in data.FILES.iterdir():
        assert foreign.search(path.read_text(encoding="utf-8")) is None, path.name
