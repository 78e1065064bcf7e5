"""Pictures over HTTP: `POST /files/` keeps one, `GET /files/<id>` shows it (design §10).

| what                                      | status                              |
|-------------------------------------------|-------------------------------------|
| kept                                      | 201, `{"id": global id of a Media}` |
| shown, unchanged                          | 200, 304                            |
| no usable picture, no field `file`        | 400                                 |
| no token, or a bad one                    | 401                                 |
| an integration key, which opens no files  | 403                                 |
| absent, or not to be seen by this person  | 404                                 |
| other method                              | 405                                 |
| above 10 MB                               | 413                                 |
| not multipart/form-data                   | 415                                 |
| too many requests                         | 429                                 |
| a bug, or a part of ours is away          | 500, 503                            |

Errors have the shape of GraphQL's. Only a bearer token opens this door, so no foreign page can use it (CSRF).
"""

import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from api.context import Context
from api.door import Door, address_of
from api.errors import present
from api.ids import decode, encode
from api.protocol import Shelter, language_of
from domain.errors import DomainError, ErrorCode
from domain.term import Language
from domain.viewer import Viewer
from services import media

ENVELOPE = 64 * 1024
"""Bytes a multipart body may have around its file."""

MOST_DISCARDED = 32 * 1024 * 1024  # bytes read of a body that is refused anyway
STATUS = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.BAD_ID: 404,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
}
_FIXED = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_SHOWN = {
    "cache-control": "private, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "content-disposition": "inline",
    "content-security-policy": "default-src 'none'; sandbox",
    "vary": "authorization",
}


class RefusedError(Exception):
    """The request is refused with a status of its own."""

    def __init__(self, status: int, refusal: DomainError, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.refusal = refusal
        self.headers = headers or {}


def routes_of(door: Door, directory: Path) -> list[Route]:
    """The routes of `/files/`; files are kept below `directory`."""
    media.install(directory)
    endpoint = FilesEndpoint(door)
    return [Route("/files/", endpoint), Route("/files/{id}", endpoint)]


class FilesEndpoint:
    """The ASGI application behind `/files/`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._shelter = Shelter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that has gone gets nothing."""
        body = _Body(receive)
        try:
            response = await self._respond(Request(scope, body))
            await body.drop()
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        language = language_of(request.headers.get("accept-language"))
        try:
            return await self._answer(request)
        except RefusedError as refused:
            return _refusal(refused.status, refused.refusal, language, refused.headers)
        except DomainError as refusal:
            return _refusal(STATUS.get(refusal.code, 400), refusal, language, _advice(refusal))
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the one place where a bug becomes an answer
            return _refusal(500, error, language, {})

    async def _answer(self, request: Request) -> Response:
        media_id = request.path_params.get("id")
        allowed = ("POST",) if media_id is None else ("GET", "HEAD")
        if request.method not in allowed:
            wrong = DomainError(ErrorCode.BAD_INPUT, zh="不支持该方法", en="This method is not served here")
            raise RefusedError(405, wrong, {"allow": ", ".join(allowed)})
        context = await self._authenticated(request)
        viewer = context.require_viewer()
        if media_id is not None:
            return await _shown(request, viewer, media_id)
        data = await _file_of(request)
        kept = await self._shelter.run(media.store(viewer, data, now=await context.now()))
        return _json(201, {"id": encode("Media", kept.id)}, {})

    async def _authenticated(self, request: Request) -> Context:
        """The context; requests are counted together with those of `/graphql`."""
        token = request.headers.get("authorization")
        try:
            context = await self._door.open_person(request)
        except DomainError:
            await self._door.rates.request(address_of(request))
            raise
        caller = hashlib.sha256(token.encode()).hexdigest() if token else address_of(request)
        await self._door.rates.request(caller)
        return context


class _Body:
    """The request's body as it comes in."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._over = False

    async def __call__(self) -> Message:
        """The next part."""
        message = await self._receive()
        self._over = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drop(self) -> None:
        """Read what is still being sent, or a refused client would not see its answer."""
        dropped = 0
        while not self._over and dropped < MOST_DISCARDED:
            dropped += len((await self()).get("body", b""))


async def _shown(request: Request, viewer: Viewer, text: str) -> Response:
    row, path = await media.find(viewer, _key(text))
    headers = _SHOWN | {"etag": f'"{row.sha256}"'}
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, media_type=row.content_type, headers=headers)


def _key(text: str) -> UUID:
    """A global id of a Media, or its plain key."""
    try:
        return UUID(text)
    except ValueError:
        return decode(text, "Media")


async def _file_of(request: Request) -> bytes:
    """The field `file` of a multipart body, counted while it comes in."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        wrong = DomainError(
            ErrorCode.BAD_INPUT, "file", zh="须以 multipart/form-data 上传", en="Send multipart/form-data"
        )
        raise RefusedError(415, wrong)
    try:
        parser = MultiPartParser(request.headers, _counted(request), max_files=1, max_fields=10)
        form = await parser.parse()
    except MultiPartException:
        raise DomainError(ErrorCode.BAD_INPUT, "file", zh="请求体不完整", en="Malformed body") from None
    try:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise DomainError(ErrorCode.BAD_INPUT, "file", zh="缺少文件", en="Give the picture as `file`")
        data = await upload.read(media.LARGEST + 1)
    finally:
        await form.close()
    if len(data) > media.LARGEST:
        raise RefusedError(413, media.too_large())
    return data


async def _counted(request: Request) -> AsyncGenerator[bytes]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > media.LARGEST + ENVELOPE:
            raise RefusedError(413, media.too_large(), {"connection": "close"})
        yield chunk


def _refusal(status: int, error: Exception, language: Language, headers: dict[str, str]) -> Response:
    return _json(status, {"errors": [present(error, language)]}, headers)


def _advice(refusal: DomainError) -> dict[str, str]:
    if refusal.code is ErrorCode.RATE_LIMITED:
        return {"retry-after": str(refusal.facts.get("retryAfter", 1))}
    return {"www-authenticate": "Bearer"} if refusal.code is ErrorCode.UNAUTHENTICATED else {}


def _json(status: int, body: object, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(body), status, {**_FIXED, **headers}, "application/json; charset=utf-8")
