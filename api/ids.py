"""Relay global ids: base64 of `Type:uuid`, checked against the type a field expects (design §8)."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from uuid import UUID

from domain.errors import DomainError, ErrorCode


def encode(type_name: str, identity: UUID) -> str:
    """The global id of one object; the type is a GraphQL type name."""
    return b64encode(f"{type_name}:{identity}".encode()).decode()


def parse(text: str, field: str = "id") -> tuple[str, UUID]:
    """The type name and key in a global id. Refuses with BAD_ID anything `encode` would not have written."""
    try:
        type_name, _, key = b64decode(text, validate=True).decode("ascii").partition(":")
        identity = UUID(key)
    except (Base64Error, UnicodeError, ValueError):
        raise DomainError(ErrorCode.BAD_ID, field) from None
    if encode(type_name, identity) != text:
        raise DomainError(ErrorCode.BAD_ID, field)
    return type_name, identity


def decode(text: str, expected: str | tuple[str, ...], field: str = "id") -> UUID:
    """The key in a global id of one of the expected types; another type is refused with BAD_ID."""
    type_name, identity = parse(text, field)
    allowed = (expected,) if isinstance(expected, str) else expected
    if type_name not in allowed:
        raise DomainError(ErrorCode.BAD_ID, field, facts={"expected": list(allowed)})
    return identity
