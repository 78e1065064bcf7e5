"""How a password is kept: argon2id, in threads, two at a time; the right moment costs 64 MiB each (R84)."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher

T = TypeVar("T")

NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$V4+j8BdRGsMiio9ZXbpPmg$6NeaxKPhXk73GnxBtLuKDpAprEPR7uC+BfECogJmZZU"
"""Checked for an unknown username, so that it takes as long as a known one; no password that can be set fits."""

_hasher = PasswordHash((Argon2Hasher(),))
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hashed(password: str) -> str:
    """What is stored of a password."""
    return await _in_thread(lambda: _hasher.hash(_normal(password)))


async def fits(password: str, stored: str) -> bool:
    """Whether the password is the one that was stored; False also for a hash that cannot be read."""
    return await _in_thread(lambda: _fits(_normal(password), stored))


def _fits(password: bytes, stored: str) -> bool:
    try:
        return _hasher.verify(password, stored)
    except PwdlibError:
        return False


def _normal(password: str) -> bytes:
    """The same bytes however a keyboard composed the characters."""
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")


async def _in_thread(work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
