"""Pictures: checked, re-encoded without what the camera wrote into them, and kept by their hash (design §7)."""

import asyncio
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from PIL import Image, ImageOps

from db import media
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.media import Media
from domain.viewer import Viewer
from services.command import new_id

LARGEST = 10 * 1024 * 1024
"""Bytes of an upload at most."""

PIXELS = 50_000_000
"""Pixels of a picture at most: a small file may hold a huge one."""

_QUALITY = 85
_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_GREY = ("1", "L")
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")  # each may need 600 MB
_INCOMING = "incoming"

Image.MAX_IMAGE_PIXELS = PIXELS


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture."""

    data: bytes
    content_type: str
    sha256: str


_directory: Path | None = None


def install(directory: Path) -> None:
    """Keep the files of this process below `directory` (FENGQIAO_MEDIA_DIR)."""
    global _directory  # noqa: PLW0603 - one place per process, given at start
    _directory = directory


async def store(viewer: Viewer, data: bytes, *, now: datetime) -> Media:
    """Keep an upload as a Media of its own, equal bytes included, which only the viewer sees until it is attached.

    BAD_MEDIA, field `file`: above 10 MB, no JPEG, PNG or WebP by its content, damaged, or above 50 megapixels.
    A failed transaction leaves no file. Do not cancel it half-way: the caller shelters it.
    """
    if len(data) > LARGEST:
        raise too_large()
    picture = await asyncio.get_running_loop().run_in_executor(_threads, re_encoded, data)
    row = Media(
        id=new_id(),
        content_type=picture.content_type,
        sha256=picture.sha256,
        bytes=len(picture.data),
        uploaded_by_id=viewer.person_id,
        uploaded_at=now,
    )
    # The file becomes shared by its hash only when the row is certain, so that nobody else's is ever removed;
    # if the process ends in between, `find` still knows it by its own name.
    await asyncio.to_thread(_write, _incoming(row), picture.data)
    try:
        await in_transaction(lambda work: media.insert(work, row))
    except Exception:
        await asyncio.to_thread(_incoming(row).unlink)
        raise
    await asyncio.to_thread(_settle, row)
    return row


async def find(viewer: Viewer, media_id: UUID) -> tuple[Media, Path]:
    """A picture the viewer may see, and its file. NOT_FOUND, field `id` (R81 included)."""
    row = (await media.get([media_id], viewer=viewer)).get(media_id)
    if row is not None:
        for path in (_final(row), _incoming(row)):
            if await asyncio.to_thread(path.is_file):
                return row, path
    raise DomainError(ErrorCode.NOT_FOUND, "id")


def too_large() -> DomainError:
    """The refusal of a file above 10 MB."""
    facts = {"limit": LARGEST}
    return DomainError(
        ErrorCode.BAD_MEDIA, "file", zh="文件超过 10 MB", en="The file is above 10 MB", facts=facts
    )


def re_encoded(data: bytes) -> Picture:
    """The first frame, upright, with its pixels alone: no EXIF, place, comment or profile. BAD_MEDIA."""
    try:
        with _opened(data) as image:
            image.verify()
        with _opened(data) as image:  # verify() leaves the image unusable
            held = io.BytesIO()
            kind = str(image.format)
            _pixels(image).save(held, kind, quality=_QUALITY)
    except (OSError, ValueError, SyntaxError, EOFError, *_BOMBS):
        raise DomainError(ErrorCode.BAD_MEDIA, "file") from None
    encoded = held.getvalue()
    return Picture(encoded, _TYPES[kind], hashlib.sha256(encoded).hexdigest())


_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def _opened(data: bytes) -> Image.Image:
    """The picture, nothing decoded yet; its type is told by its content."""
    image = Image.open(io.BytesIO(data), formats=tuple(_TYPES))
    if image.width * image.height > PIXELS:
        raise ValueError("too many pixels")
    return image


def _pixels(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    mode = "L" if upright.mode in _GREY else "RGBA" if upright.has_transparency_data else "RGB"
    plain = upright.convert(mode)
    plain.info.clear()  # encoders would write comments and profiles from here
    return plain


def _root() -> Path:
    if _directory is None:
        raise RuntimeError("no directory for media: call install first")
    return _directory


def _incoming(row: Media) -> Path:
    return _root() / _INCOMING / str(row.id)


def _final(row: Media) -> Path:
    return _root() / row.sha256[:2] / row.sha256


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _settle(row: Media) -> None:
    _final(row).parent.mkdir(parents=True, exist_ok=True)
    _incoming(row).replace(_final(row))
