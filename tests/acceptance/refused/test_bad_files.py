"""Files that are no pictures, too large, or made to burst; nothing of them is kept."""

import io
import struct
import zlib

import httpx2
import pytest
from PIL import Image

from tests.acceptance.desks import GIVEN, Desks, refusal, refused, report, why
from tests.acceptance.town import Desk

LIMIT = 10 * 1024 * 1024


async def _sent(desk: Desk, content: bytes, name: str = "photo.jpg", field: str = "file") -> httpx2.Response:
    return await desk.http.post(
        f"http://{desk.address}/files/",
        files={field: (name, content, "image/jpeg")},
        headers={"Authorization": f"Bearer {desk.token}"},
    )


def _picture(kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.effect_noise((200, 150), 60).save(out, kind)
    return out.getvalue()


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _bomb(side: int = 40_000) -> bytes:
    """A PNG of a few hundred kilobytes that would unpack to 1.6 thousand million pixels."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    line = bytes(side + 1)
    lines = b"".join(packer.compress(line) for _ in range(side // 10)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", lines) + _chunk(b"IEND", b"")


def _bomb_beside_the_picture(kind: bytes) -> bytes:
    """A tiny PNG whose text or colour profile would unpack to 20 MB."""
    head = struct.pack(">IIBBBBB", 10, 10, 8, 0, 0, 0, 0)
    hidden = _chunk(kind, b"name\0\0" + zlib.compress(bytes(20_000_000), 9))
    lines = _chunk(b"IDAT", zlib.compress(bytes(11) * 10))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + hidden + lines + _chunk(b"IEND", b"")


BAD = {
    "a text": "这不是图片".encode(),
    "nothing": b"",
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing with a script": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    "a program": b"\x7fELF" + bytes(200),
    "half a picture": _picture()[:1500],
    "the head of a picture": b"\xff\xd8\xff\xe0" + bytes(20),
    "a picture of another kind": _picture("GIF"),
    "a bomb": _bomb(),
    "a bomb as text": _bomb_beside_the_picture(b"zTXt"),
    "a bomb as colour profile": _bomb_beside_the_picture(b"iCCP"),
}


@pytest.mark.parametrize("wrong", BAD)
async def test_a_file_that_is_no_usable_picture_is_refused_and_not_kept(desks: Desks, wrong: str) -> None:
    desk = await desks("volunteer")
    with desks.nothing_changes():
        answer = await _sent(desk, BAD[wrong])
        assert 400 <= answer.status_code < 500
        assert why(refusal(answer)) == ("BAD_MEDIA", "file")


async def test_a_file_above_ten_megabytes_is_refused(desks: Desks) -> None:
    desk = await desks("volunteer")
    with desks.nothing_changes():
        answer = await _sent(desk, _picture() + bytes(LIMIT))
        assert answer.status_code == 413
        assert why(refusal(answer)) == ("BAD_MEDIA", "file")
    assert (await _sent(desk, _picture())).status_code == 201


async def test_an_upload_without_file_or_sign_in_is_refused(desks: Desks) -> None:
    desk = await desks("volunteer")
    with desks.nothing_changes():
        missing = await _sent(desk, _picture(), field="picture")
        assert (missing.status_code, refusal(missing)["field"]) == (400, "file")
        address = f"http://{desk.address}/files/"
        plain = await desk.http.post(address, content=b"x", headers={"Authorization": f"Bearer {desk.token}"})
        assert plain.status_code in {400, 415}
        assert refusal(plain)["code"] in {"BAD_INPUT", "BAD_MEDIA"}
        stranger = await _sent(Desk(desk.address, "none", desk.http), _picture())
        assert (stranger.status_code, refusal(stranger)["code"]) == (401, "UNAUTHENTICATED")


async def test_pictures_of_others_and_pictures_in_use_cannot_be_attached(desks: Desks) -> None:
    volunteer, grid = await desks("volunteer"), await desks("grid")
    theirs, own = await grid.upload(), await volunteer.upload("red")
    given = {**GIVEN, "source": "VOLUNTEER_MP"}
    with desks.nothing_changes():
        stolen = await refused(volunteer, "reportIncident", **given, mediaIds=[theirs])
        assert stolen == ("NOT_FOUND", "mediaIds")
        lamp = {**given, "categoryCode": "SZ-ZM-LD"}
        assert await refused(volunteer, "reportIncident", **lamp) == ("GUARD_FAILED", "mediaIds")
    await report(volunteer, source="VOLUNTEER_MP", mediaIds=[own])
    with desks.nothing_changes():
        again = await refused(volunteer, "reportIncident", **given, mediaIds=[own])
        assert again == ("BAD_INPUT", "mediaIds")


async def test_the_name_of_a_file_is_never_used(desks: Desks) -> None:
    desk = await desks("volunteer")
    answer = await _sent(desk, _picture(), name="../../../evil\u0000.jpg")
    assert answer.status_code == 201
    assert desks.media is not None
    assert not list(desks.media.parent.rglob("*evil*"))


async def test_a_file_that_does_not_exist_is_not_found(desks: Desks) -> None:
    desk = await desks("volunteer")
    headers = {"Authorization": f"Bearer {desk.token}"}
    for path in ("x", "TWVkaWE6eA==", "00000000-0000-0000-0000-000000000000"):
        answer = await desk.http.get(f"http://{desk.address}/files/{path}", headers=headers)
        assert (answer.status_code, refusal(answer)["code"]) in {(404, "NOT_FOUND"), (404, "BAD_ID")}
    outside = await desk.http.get(f"http://{desk.address}/files/..%2F..%2Fetc%2Fpasswd", headers=headers)
    assert outside.status_code == 404
