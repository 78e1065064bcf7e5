"""Sealed columns: names, phones and id numbers encrypted with their place as associated data (design §7)."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_NONCE = 12
_TAG = 16
_AES = 32
_SM4 = 16
_LONGEST_ID = 255  # its length is one byte


class BrokenSealError(Exception):
    """A sealed value was changed or moved, or its key is not in the keyring."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by their ids, the active one first; a key of 32 bytes is AES-256-GCM, one of 16 bytes SM4-GCM.

    The last key, the oldest, also derives the blind indexes, so it stays while they do.
    """

    keys: Mapping[str, bytes]

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read `id:base64key,id:base64key` (FENGQIAO_DATA_KEYS). Raises ValueError without naming a key."""
        keys: dict[str, bytes] = {}
        for entry in filter(None, (it.strip() for it in text.split(","))):
            name, _, encoded = entry.partition(":")
            key = _decoded(encoded)
            if not name or len(name.encode()) > _LONGEST_ID or name in keys or len(key) not in {_AES, _SM4}:
                raise ValueError("FENGQIAO_DATA_KEYS: each entry is id:base64key, 32 bytes (AES) or 16 (SM4)")
            keys[name] = key
        if not keys:
            raise ValueError("FENGQIAO_DATA_KEYS is empty")
        return cls(keys)

    @property
    def active(self) -> str:
        """The id of the key that seals."""
        return next(iter(self.keys))

    @property
    def oldest(self) -> bytes:
        """The key that derives the blind indexes."""
        return list(self.keys.values())[-1]


_keyring: Keyring | None = None


def install_keys(keyring: Keyring | str) -> None:
    """Use these keys in this process; a text is parsed first."""
    global _keyring  # noqa: PLW0603 - one keyring per process, read at start
    _keyring = Keyring.parse(keyring) if isinstance(keyring, str) else keyring


def generate_key() -> str:
    """A new entry `id:base64key` for FENGQIAO_DATA_KEYS (AES-256)."""
    return f"{secrets.token_hex(4)}:{base64.b64encode(os.urandom(_AES)).decode()}"


def seal(text: str, *, table: str, column: str, row: UUID) -> bytes:
    """Encrypt `text` for exactly this place: `length of key id ‖ key id ‖ nonce ‖ ciphertext ‖ tag`."""
    keyring = _keys()
    name = keyring.active.encode()
    nonce = os.urandom(_NONCE)
    header = bytes([len(name)]) + name + nonce
    encryptor = Cipher(_algorithm(keyring.keys[keyring.active]), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(_place(table, column, row))
    return header + encryptor.update(text.encode()) + encryptor.finalize() + encryptor.tag


def unseal(sealed: bytes, *, table: str, column: str, row: UUID) -> str:
    """Decrypt what was sealed for this place. Raises BrokenSealError."""
    name_end = 1 + sealed[0] if sealed else 0
    body = name_end + _NONCE
    key = _keys().keys.get(sealed[1:name_end].decode(errors="replace"))
    if key is None or len(sealed) < body + _TAG:
        raise BrokenSealError("unknown key or cut value")
    nonce, text, tag = sealed[name_end:body], sealed[body:-_TAG], sealed[-_TAG:]
    decryptor = Cipher(_algorithm(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(_place(table, column, row))
    try:
        return (decryptor.update(text) + decryptor.finalize()).decode()
    except InvalidTag:
        raise BrokenSealError("changed, or sealed for another place") from None


def blind_index(text: str, purpose: str) -> bytes:
    """An equal-match index of 32 bytes over `text`, of a key derived for `purpose` (`person.phone`)."""
    derived = hmac.digest(_keys().oldest, b"blind index\x00" + purpose.encode(), hashlib.sha256)
    return hmac.digest(derived, text.encode(), hashlib.sha256)


def _keys() -> Keyring:
    if _keyring is None:
        raise RuntimeError("no data keys: call install_keys first")
    return _keyring


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


def _algorithm(key: bytes) -> algorithms.AES256 | algorithms.SM4:
    return algorithms.AES256(key) if len(key) == _AES else algorithms.SM4(key)


def _place(table: str, column: str, row: UUID) -> bytes:
    return f"{table}\x00{column}\x00{row}".encode()
