"""The import of an export: every row in, or listed with its reason."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.casefile.loading import Tally, import_file
from channels.casefile.mapping import MappingError, read_mapping
from db import connection, sealed
from services.command import SYSTEM, Call, new_id
from tests.channels import exports

NOW = datetime(2024, 6, 1, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def keys() -> None:
    sealed.install_keys(sealed.generate_key())


async def run(file: Path, mapping: Path | None = None) -> tuple[Tally, list[dict[str, str]]]:
    """Import, and the rows that were listed as rejected."""
    rejects = file.with_name("rejects.csv")
    known = read_mapping(mapping or exports.mapping(file.parent))
    tally = await import_file(Call(SYSTEM, NOW, new_id), file, known, rejects)
    if not rejects.exists():
        return tally, []
    with rejects.open(encoding="utf-8-sig", newline="") as listed:
        return tally, list(csv.DictReader(listed))


async def only(sql: str) -> dict[str, Any]:
    (found,) = await connection.fetch(sql)
    return found


@pytest.mark.usefixtures("store")
async def test_a_closed_row_becomes_a_closed_case_of_its_unit_at_its_time(tmp_path: Path) -> None:
    tally, rejected = await run(exports.export(tmp_path, exports.row()))
    assert (tally.imported, tally.known, tally.rejected, rejected) == (1, 0, 0, [])
    found = await only(
        "SELECT i.no, i.title, i.state, i.closed_at, i.outcome, i.on_time, i.address, a.state AS row_state,"
        " o.name, o.kind, c.name AS category, c.level, r.name AS street"
        " FROM incident i JOIN assignment a ON a.incident_id = i.id JOIN org_unit o ON o.id = a.org_id"
        " JOIN category c ON c.id = i.category_id JOIN region r ON r.id = i.region_id"
    )
    assert found["no"].startswith("GCL-I-20240506-")
    assert (found["title"], found["address"], found["street"]) == ("路灯不亮", "某路1号", "东街")
    assert (found["state"], found["row_state"], bool(found["on_time"])) == ("CLOSED", "DONE", True)
    assert (found["closed_at"], found["outcome"]) == (None, None)
    assert (found["name"], found["kind"]) == ("供电公司", "UTILITY")
    assert (found["category"], found["level"]) == ("路灯不亮", 3)


@pytest.mark.usefixtures("store")
async def test_an_open_row_gets_clocks_from_its_time_and_no_escalation(tmp_path: Path) -> None:
    await run(exports.export(tmp_path, exports.row(fine="0", open="1")))
    found = await only("SELECT state, light, escalation_step, supervision_level FROM incident")
    assert (found["state"], found["light"]) == ("DISPATCHED", "RED")
    assert (found["escalation_step"], found["supervision_level"]) == (0, "NONE")
    assert (await only("SELECT COUNT(*) AS n FROM clock WHERE stopped_at IS NULL"))["n"] >= 2
    assert (await only("SELECT COUNT(*) AS n FROM event_log WHERE kind = 'ESCALATED'"))["n"] == 0


@pytest.mark.usefixtures("store")
async def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    file = exports.export(tmp_path, *(exports.row(number) for number in range(250)))
    first, _ = await run(file)
    before = await only("SELECT COUNT(*) AS n FROM event_log")
    second, _ = await run(file)
    assert (first.imported, second.imported, second.known) == (250, 0, 250)
    assert await only("SELECT COUNT(*) AS n FROM event_log") == before


@pytest.mark.usefixtures("sqlite_store")
@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"id": ""}, "id", "empty"),
        ({"at": "昨天"}, "at", "not a time"),
        ({"at": ""}, "at", "empty"),
        ({"matter": ""}, "matter", "empty"),
        ({"way": "传真"}, "way", "no mapping"),
        ({"what": ""}, "what", "no mapping"),
        ({"unit": ""}, "unit", "empty"),
        ({"c2": ""}, "c2", "empty"),
        ({"late": "1"}, "late open fine", "exactly one"),
        ({"fine": "0"}, "late open fine", "exactly one"),
        ({"fine": "maybe"}, "fine", "neither yes nor no"),
        ({"fine": "1,surplus"}, "", "more fields"),
    ],
)
async def test_a_bad_row_is_listed_with_line_field_and_reason_and_harms_no_other(
    tmp_path: Path, changes: dict[str, str], field: str, word: str
) -> None:
    rows = [exports.row(1), exports.row(2, **changes), exports.row(3)]
    tally, rejected = await run(exports.export(tmp_path, *rows))
    assert (tally.imported, tally.rejected) == (2, 1)
    assert [(it["line"], it["field"]) for it in rejected] == [("3", field)]
    assert word in rejected[0]["reason"]


@pytest.mark.usefixtures("sqlite_store")
async def test_what_the_mapping_may_not_create_rejects_the_row(tmp_path: Path) -> None:
    known = exports.mapping(tmp_path, exports.MAPPING.replace("create = true", "create = false"))
    tally, rejected = await run(exports.export(tmp_path, exports.row()), known)
    assert (tally.imported, tally.rejected) == (0, 1)
    assert "unknown category" in rejected[0]["reason"]


@pytest.mark.usefixtures("sqlite_store")
async def test_a_title_too_long_is_cut_and_the_mark_before_utf8_is_no_part_of_it(tmp_path: Path) -> None:
    file = exports.export(tmp_path, exports.row(matter="长" * 80), encoding="utf-8-sig")
    assert (await run(file))[0].imported == 1
    assert (await only("SELECT title FROM incident"))["title"] == "长" * 49 + "…"


@pytest.mark.usefixtures("sqlite_store")
async def test_a_compressed_file_and_another_encoding_are_read(tmp_path: Path) -> None:
    chinese = exports.zipped(exports.export(tmp_path, exports.row(), encoding="gb18030"))
    known = exports.mapping(tmp_path, '[file]\nencoding = "gb18030"\n' + exports.MAPPING)
    assert (await run(chinese, known))[0].imported == 1
    assert (await only("SELECT title FROM incident"))["title"] == "路灯不亮"


@pytest.mark.usefixtures("sqlite_store")
async def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="is not utf-8"):
        await run(exports.export(tmp_path, exports.row(), encoding="gb18030"))
    with pytest.raises(MappingError, match="columns are missing: street"):
        await run(exports.export(tmp_path, header=exports.HEADER.replace("street", "road")))
    with pytest.raises(MappingError, match="empty"):
        await run(exports.export(tmp_path, header=""))
    with pytest.raises(MappingError, match="No such file"):
        await run(tmp_path / "absent.csv")
    cut = exports.zipped(exports.export(tmp_path, *(exports.row(number) for number in range(500))))
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(MappingError, match="damaged"):
        await run(cut)


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("[columns]", "[columns", "line"),
        ('title = "matter"', "", "columns.title"),
        ('title = "matter"', 'title = "matter"\ncolour = "red"', "not colour"),
        ("HOTLINE_12345", "PIGEON", "'PIGEON' is none of"),
        ('"UTILITY"', '"CIRCUS"', "CIRCUS"),
        (
            'levels = [{ code = "c1" }, { code = "c2" }, { code = "c3", name = "matter" }]',
            "levels = []",
            "1 to 3",
        ),
        ("[flags]", "[banners]", "not banners"),
        ('late"', 'late"\nfine = "x"', "not fine"),
        ('[unit.kinds]\n"公司" = "UTILITY"', "kinds = 5", "unit.kinds. must be a table"),
        ('external_id = "id"', "external_id = 5", "columns.external_id must be a text"),
        ('external_id = "id"', 'external_id = ["id"]', "columns.external_id must be a text"),
        ('prefix = "X-"', "prefix = 7", "category.prefix must be a text"),
        ('prefix = "X-"', 'craete = true\nprefix = "X-"', "not craete"),
        (
            'code = "unit"\ncreate = true',
            'code = "unit"\ncreate = "yes"',
            "unit.create must be a true or a false",
        ),
        ('street = { code = "street" }', 'street = "street"', "region.street"),
        ('district = { code = "990000000000", name = "试验区" }', 'district = "99"', "region.district"),
        ("[columns]", "[file]\nencoding = 5\n[columns]", "file.encoding must be a text"),
        ("[columns]", '[file]\nencoding = "klingon"\n[columns]', "klingon is unknown"),
        ("[columns]", '[file]\nencoding = "base64"\n[columns]', "base64 is unknown"),
        ("[columns]", '[file]\ndelimiter = ";;"\n[columns]', "one character"),
        ("[columns]", "[file]\nutc_offset_hours = 99\n[columns]", "from -14 to 14"),
        ("[columns]", "[file]\nutc_offset_hours = true\n[columns]", "from -14 to 14"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in exports.MAPPING
    with pytest.raises(MappingError, match=word):
        read_mapping(exports.mapping(tmp_path, exports.MAPPING.replace(old, new)))


def test_an_absent_mapping_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="absent"):
        read_mapping(tmp_path / "absent.toml")


@pytest.mark.usefixtures("sqlite_store")
async def test_a_time_out_of_range_and_a_wrong_wide_encoding_are_findings(tmp_path: Path) -> None:
    _, rejected = await run(exports.export(tmp_path, exports.row(at="0001-01-01T00:00:00")))
    assert [(it["field"], "not a time" in it["reason"]) for it in rejected] == [("at", True)]
    wide = exports.mapping(tmp_path, '[file]\nencoding = "utf-16"\n' + exports.MAPPING)
    with pytest.raises(MappingError, match="is not utf-16"):
        await run(exports.export(tmp_path, exports.row()), wide)


@pytest.mark.usefixtures("sqlite_store")
async def test_the_rejects_replace_no_file_but_their_own(tmp_path: Path) -> None:
    file = exports.export(tmp_path, exports.row(1, unit=""))
    known, call = read_mapping(exports.mapping(tmp_path)), Call(SYSTEM, NOW, new_id)
    before = file.read_bytes()
    with pytest.raises(MappingError, match="not replaced"):
        await import_file(call, file, known, file)
    assert file.read_bytes() == before
    with pytest.raises(MappingError, match="directory"):
        await import_file(call, file, known, tmp_path)
    with pytest.raises(MappingError, match="No such file"):
        await import_file(call, file, known, tmp_path / "nowhere" / "rejects.csv")
    for _ in range(2):
        tally, listed = await run(file)
        assert (tally.rejected, len(listed)) == (1, 1)
