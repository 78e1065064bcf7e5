"""Uploads and pictures over real HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.ids import decode, encode
from api.limits import Limits
from db import media as rows
from db.unit_of_work import in_transaction
from domain.media import MediaPurpose
from services import media
from tests.api.open_door import House, opened
from tests.db.factories import District, a_case, a_district
from tests.services.accounts import let_sign_in, sign_in
from tests.services.pictures import gps_jpeg, jpeg

PEOPLE = ("volunteer", "resident", "director", "civil")


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open first
    found = await a_district()
    await let_sign_in(*(found.people[username].id for username in PEOPLE))
    return found


@pytest.fixture
async def house(district: District, tmp_path: Path) -> AsyncIterator[House]:  # noqa: ARG001 - people come first
    async with opened(tmp_path / "media") as found:
        yield found


async def token(username: str = "volunteer") -> str:
    return (await sign_in(username, at=_wall())).access_token


def _wall() -> datetime:
    return datetime.now(UTC)


def code_of(answer: Any) -> tuple[int, str, str | None]:
    (error,) = answer.json()["errors"]
    assert error["message"]
    return answer.status_code, error["extensions"]["code"], error["extensions"].get("field")


async def upload(house: House, data: bytes, bearer: str | None, name: str = "a.jpg") -> Any:
    async with house.client(bearer) as client:
        return await client.post("/files/", files={"file": (name, data, "image/jpeg")})


async def show(house: House, path: str, bearer: str | None, **headers: str) -> Any:
    async with house.client(bearer) as client:
        return await client.get(path, headers=headers)


async def test_an_upload_answers_a_media_that_its_uploader_can_read(house: House) -> None:
    bearer = await token()
    answer = await upload(house, gps_jpeg(), bearer, "没有.txt")
    assert answer.status_code == 201
    assert set(answer.json()) == {"id"}
    path = f"/files/{answer.json()['id']}"
    shown = await show(house, path, bearer)
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["content-disposition"] == "inline"
    assert shown.headers["cache-control"].startswith("private")
    assert shown.headers["etag"] == f'"{hashlib.sha256(shown.content).hexdigest()}"'
    assert b"Exif" not in shown.content
    again = await show(house, path, bearer, **{"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await show(house, f"/files/{decode(answer.json()['id'], 'Media')}", bearer)
    assert plain.content == shown.content


async def test_a_picture_is_shown_as_its_case_is(house: House, district: District) -> None:
    bearers = {username: await token(username) for username in PEOPLE}
    answer = await upload(house, jpeg(), bearers["volunteer"])
    path = f"/files/{answer.json()['id']}"

    async def seen_by() -> list[str]:
        answers = {username: await show(house, path, bearer) for username, bearer in bearers.items()}
        assert {it.status_code for it in answers.values()} <= {200, 404}
        return [username for username, it in answers.items() if it.status_code == 200]

    assert await seen_by() == ["volunteer"]
    case = await a_case(district, reporter_id=district.people["volunteer"].id)
    await attach(decode(answer.json()["id"], "Media"), case.incident.id, district)
    assert await seen_by() == ["volunteer", "director"]


async def attach(media_id: UUID, incident_id: UUID, district: District) -> None:
    row, _ = await media.find(district.viewer("volunteer"), media_id)
    attached = replace(row, incident_id=incident_id, purpose=MediaPurpose.REPORT)
    await in_transaction(lambda work: rows.attach(work, [attached]))


async def test_what_cannot_be_seen_is_not_found(house: House) -> None:
    bearer = await token()
    for name in (str(uuid4()), encode("Media", uuid4()), encode("Incident", uuid4()), "x", "%00", "a%2Fb"):
        answer = await show(house, f"/files/{name}", bearer)
        assert answer.status_code == 404, name
    missing = await show(house, f"/files/{encode('Media', uuid4())}", bearer)
    assert code_of(missing) == (404, "NOT_FOUND", "id")


async def test_nobody_comes_in_without_a_good_token(house: House) -> None:
    for bearer in (None, "x.y.z"):
        for answer in (await upload(house, jpeg(), bearer), await show(house, f"/files/{uuid4()}", bearer)):
            assert code_of(answer) == (401, "UNAUTHENTICATED", None)
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("data", [b"a text", b"", jpeg()[:200]], ids=["text", "nothing", "cut"])
async def test_what_is_no_picture_is_refused(house: House, data: bytes) -> None:
    assert code_of(await upload(house, data, await token())) == (400, "BAD_MEDIA", "file")


async def test_ten_megabytes_are_taken_and_one_byte_more_is_not(house: House) -> None:
    bearer, picture = await token(), jpeg()
    exactly = picture + bytes(media.LARGEST - len(picture))
    assert (await upload(house, exactly, bearer)).status_code == 201
    assert code_of(await upload(house, exactly + b"\x00", bearer)) == (413, "BAD_MEDIA", "file")
    far_more = exactly + bytes(media.LARGEST)
    assert code_of(await upload(house, far_more, bearer)) == (413, "BAD_MEDIA", "file")


async def test_a_body_that_is_no_form_with_a_file_is_refused(house: House) -> None:
    bearer = await token()
    form = {"content-type": "multipart/form-data; boundary=x"}
    async with house.client(bearer) as client:
        answers = [
            (await client.post("/files/", content=jpeg(), headers={"content-type": "image/jpeg"}), 415),
            (await client.post("/files/"), 415),
            (await client.post("/files/", content=b"", headers={"content-type": "multipart/form-data"}), 400),
            (await client.post("/files/", content=b"--x", headers=form), 400),
            (await client.post("/files/", content=b"nonsense", headers=form), 400),
            (await client.post("/files/", files={"picture": ("a.jpg", jpeg())}), 400),
            (await client.post("/files/", data={"file": "a text"}, files={"other": b""}), 400),
            (await client.post("/files/", files=[("file", jpeg()), ("file", jpeg())]), 400),
        ]
    for answer, status in answers:
        assert code_of(answer) == (status, "BAD_INPUT", "file")


async def test_another_method_is_not_served(house: House) -> None:
    async with house.client(await token()) as client:
        one, other = await client.get("/files/"), await client.delete(f"/files/{uuid4()}")
    assert (one.status_code, one.headers["allow"]) == (405, "POST")
    assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD")


async def test_errors_speak_the_callers_language(house: House) -> None:
    answer = await show(house, f"/files/{uuid4()}", await token(), **{"accept-language": "en"})
    assert answer.json()["errors"][0]["message"] == "Not found"


async def test_uploads_count_as_requests(district: District, tmp_path: Path) -> None:
    bearer = await token("director")
    async with opened(tmp_path, Limits(requests_per_second=1)) as house:
        first, second = await asyncio.gather(
            upload(house, jpeg(), bearer), show(house, f"/files/{uuid4()}", bearer)
        )
    refused = max(first, second, key=lambda it: it.status_code)
    assert code_of(refused) == (429, "RATE_LIMITED", None)
    assert refused.headers["retry-after"] == "1"
    assert district.people


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(house: House, tmp_path: Path) -> None:
    head = (
        f"POST /files/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {await token()}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n--x\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(head.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await upload(house, jpeg(), await token())).status_code == 201
    assert len([path for path in (tmp_path / "media").rglob("*") if path.is_file()]) == 1


async def test_a_bug_is_answered_with_an_id_and_without_its_words(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("password 13800000000")

    monkeypatch.setattr(media, "store", broken)
    answer = await upload(house, jpeg(), await token())
    assert code_of(answer) == (500, "INTERNAL", None)
    assert "13800000000" not in answer.text
