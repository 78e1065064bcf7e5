"""What is kept of a picture, what is refused, and who sees it."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image, PngImagePlugin

from db import media as rows
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.media import Media, MediaPurpose
from services import media
from tests.db.factories import NOW, District, a_case, a_district
from tests.services.pictures import gps_jpeg, jpeg

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
async def district(store: str, tmp_path: Path) -> District:  # noqa: ARG001 - the store must be open first
    media.install(tmp_path / "media")
    return await a_district()


async def stored(district: District, data: bytes, username: str = "volunteer") -> Media:
    return await media.store(district.viewer(username), data, now=NOW)


async def refused(district: District, data: bytes) -> DomainError:
    with pytest.raises(DomainError) as caught:
        await stored(district, data)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_MEDIA, "file")
    return caught.value


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in tmp_path.rglob("*") if path.is_file() and "fengqiao.db" not in path.name)


def encoded(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    held = io.BytesIO()
    (image or Image.new("RGB", (40, 30), "#336699")).save(held, kind, **options)
    return held.getvalue()


@pytest.mark.parametrize(
    ("kind", "content_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")]
)
async def test_a_picture_is_kept_by_its_hash(
    district: District, tmp_path: Path, kind: str, content_type: str
) -> None:
    row = await stored(district, encoded(kind))
    (path,) = files(tmp_path)
    assert path == tmp_path / "media" / row.sha256[:2] / row.sha256
    assert (row.content_type, row.bytes) == (content_type, path.stat().st_size)
    assert (row.uploaded_by_id, row.uploaded_at) == (district.people["volunteer"].id, NOW)
    with Image.open(path) as image:
        assert (image.format, image.size) == (kind, (40, 30))


async def test_where_and_how_a_picture_was_taken_is_forgotten(district: District, tmp_path: Path) -> None:
    data = gps_jpeg()
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif().get_ifd(0x8825)
        assert image.size == (40, 20)
    await stored(district, data)
    (path,) = files(tmp_path)
    with Image.open(path) as image:
        assert not image.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp"} & set(image.info)
        assert image.size == (20, 40), "what the camera said of its orientation is applied"
    assert b"secret comment" not in path.read_bytes()


async def test_texts_and_profiles_of_a_png_are_forgotten_and_its_transparency_stays(
    district: District, tmp_path: Path
) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "secret comment")
    image = Image.new("P", (8, 8))
    image.putpalette([255, 0, 0] * 256)
    await stored(district, encoded("PNG", image, pnginfo=info, transparency=0, icc_profile=b"profile"))
    (path,) = files(tmp_path)
    assert b"secret comment" not in path.read_bytes()
    assert b"iCCP" not in path.read_bytes()
    with Image.open(path) as kept:
        assert kept.convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "CMYK", "I;16", "RGBA"])
async def test_any_colour_mode_is_taken(district: District, mode: str) -> None:
    kind = {"CMYK": "JPEG"}.get(mode, "PNG")
    assert (await stored(district, encoded(kind, Image.new(mode, (4, 4))))).bytes > 0


async def test_equal_bytes_are_one_file_and_two_uploads(district: District, tmp_path: Path) -> None:
    one, two = await stored(district, jpeg()), await stored(district, jpeg(), "resident")
    assert one.id != two.id
    assert one.sha256 == two.sha256
    assert len(files(tmp_path)) == 1


def a_bomb() -> bytes:
    """A PNG of a few kilobytes that claims 60 megapixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 10_000, 6_000, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_001 * 6_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"just a text that was renamed to .jpg",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff",
        cut(jpeg()),
        cut(encoded("PNG")),
        cut(encoded("WEBP")),
        encoded("GIF"),
        encoded("BMP"),
        encoded("TIFF"),
        a_bomb(),
    ],
    ids=["nothing", "text", "svg", "head", "cut jpeg", "cut png", "cut webp", "gif", "bmp", "tiff", "bomb"],
)
async def test_what_is_no_usable_picture_is_refused_and_leaves_nothing(
    district: District, tmp_path: Path, data: bytes
) -> None:
    await refused(district, data)
    assert files(tmp_path) == []


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
async def test_a_bomb_is_refused_where_warnings_are_only_shown(district: District) -> None:
    await refused(district, a_bomb())


async def test_more_than_ten_megabytes_are_refused(district: District) -> None:
    data = jpeg()
    padded = data + bytes(media.LARGEST - len(data))
    assert (await stored(district, padded)).bytes < len(data) + 1000, "what follows the picture is dropped"
    assert (await refused(district, padded + b"\x00")).facts == {"limit": media.LARGEST}


async def test_a_failed_transaction_leaves_no_file(district: District, tmp_path: Path) -> None:
    kept = await stored(district, jpeg())

    async def fail(*_: object) -> None:
        raise DomainError(ErrorCode.UNAVAILABLE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "insert", fail)
        with pytest.raises(DomainError):
            await stored(district, jpeg())
        with pytest.raises(DomainError):
            await stored(district, encoded("PNG"))
    (path,) = files(tmp_path)
    assert path.name == kept.sha256, "the file of an earlier upload with equal bytes stays"


async def test_a_process_that_ends_after_the_commit_loses_no_picture(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "_settle", lambda _: None)
    row = await stored(district, jpeg())
    found, path = await media.find(district.viewer("volunteer"), row.id)
    assert found == row
    assert path.read_bytes()


async def sees(district: District, username: str, media_id: UUID) -> bool:
    try:
        row, path = await media.find(district.viewer(username), media_id)
    except DomainError as refusal:
        return refusal.code is not ErrorCode.NOT_FOUND
    return row.id == media_id and path.is_file()


async def test_a_picture_is_seen_by_its_uploader_and_then_as_its_case_is(district: District) -> None:
    row = await stored(district, jpeg())
    everybody = ["volunteer", "resident", "director", "worker", "housing", "civil"]
    assert [it for it in everybody if await sees(district, it, row.id)] == ["volunteer"]
    case = await a_case(district, reporter_id=district.people["volunteer"].id)
    await attach(row, case.incident.id)
    assert [it for it in everybody if await sees(district, it, row.id)] == ["volunteer", "director", "worker"]
    assert not await sees(district, "director", uuid4())


async def test_the_unit_complained_about_never_sees_the_picture(district: District) -> None:
    row = await stored(district, jpeg())
    center = district.orgs["CENTER"].id
    case = await a_case(district, complained_org_id=center)
    await attach(row, case.incident.id)
    assert not await sees(district, "director", row.id)
    assert await sees(district, "worker", row.id)


async def test_a_file_that_is_gone_is_not_found(district: District, tmp_path: Path) -> None:
    row = await stored(district, jpeg())
    for path in files(tmp_path):
        path.unlink()
    assert not await sees(district, "volunteer", row.id)


async def test_nothing_works_without_a_directory(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_directory", None)
    with pytest.raises(RuntimeError):
        await stored(district, jpeg())


async def attach(row: Media, incident_id: UUID) -> None:
    attached = replace(row, incident_id=incident_id, purpose=MediaPurpose.REPORT)
    await in_transaction(lambda work: rows.attach(work, [attached]))
