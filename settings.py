"""The environment, read once into one frozen object; every name is documented in design §10.

Keys that nobody gave are made on the first run and kept in `var/`, readable by the owner alone.
"""

import base64
import binascii
import functools
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

VAR = Path("var")
SECRET_KEY_FILE = "secret.key"  # noqa: S105 - the name of a file, not a secret
DATA_KEYS_FILE = "data.keys"
MINIMUM_SECRET = 32
AES_KEY_BYTES = 32
SM4_KEY_BYTES = 16
PREFIX = "FENGQIAO_"
DISTRICT_OFFSET = timezone(timedelta(hours=8))
CLOCK_YEARS = range(1901, 2200)  # those a case may be of
CLOCK_FORM = re.compile(r"(?P<start>\S+)(?:\s+x(?P<speed>\d+(?:\.\d+)?))?")
KEY_FORM = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,64}):(?P<key>[A-Za-z0-9+/=]+)")


class SettingsError(Exception):
    """The environment cannot be used; the message is one line, for a person, without any secret."""


class Environment(StrEnum):
    """Where the process runs: production refuses what only tests and demonstrations may do."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class ClockSeed:
    """The test clock's beginning (UTC) and its speed: business seconds per wall second (design §6)."""

    start: datetime
    speed: float = 1.0


def _clock(value: object) -> object:
    """Read `<ISO start>[ x<speed>]`; a start without an offset is district time (+08:00)."""
    if not isinstance(value, str):
        return value
    form = CLOCK_FORM.fullmatch(value.strip())
    try:
        start = datetime.fromisoformat(form["start"]) if form else None
    except ValueError:
        start = None
    if form is None or start is None:
        raise ValueError("write <ISO start>[ x<speed>], for example 2024-10-24T08:30+08:00 x60")
    if start.year not in CLOCK_YEARS:
        raise ValueError(f"the year must be from {CLOCK_YEARS.start} to {CLOCK_YEARS.stop - 1}")
    speed = float(form["speed"] or 1)
    if not speed:
        raise ValueError("the speed must be above 0")
    aware = start if start.tzinfo else start.replace(tzinfo=DISTRICT_OFFSET)
    return ClockSeed(aware.astimezone(UTC), speed)


def _comma_list(value: object) -> object:
    """Read `a, b` as two entries."""
    if not isinstance(value, str):
        return value
    return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)


class Settings(BaseSettings):
    """Everything a process of Fengqiao takes from its environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    database_url: str = Field("sqlite://var/fengqiao.db", repr=False, pattern=r"^(sqlite|postgres)://.+$")
    broadcast_url: str = Field("memory://", repr=False, pattern=r"^(memory://|rediss?://.+)$")
    secret_key: SecretStr
    data_keys: SecretStr
    demo: bool = False
    clock: Annotated[ClockSeed | None, NoDecode, BeforeValidator(_clock)] = None
    env: Environment = Environment.DEVELOPMENT
    host: str = Field("127.0.0.1", validation_alias="HOST")
    port: int = Field(8000, validation_alias="PORT", ge=0, le=65535)
    media_dir: Path = VAR / "media"
    workers: int = Field(1, ge=1, le=64)
    allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_comma_list)] = ()
    compiled: bool = True  # queries by compiled plans; without, by the ordinary executor alone
    ready_megabytes: int = Field(96, ge=0, le=65536)  # of whole cases kept ready as JSON; 0 keeps none
    trusted_documents: bool = False  # only stored documents run, whoever asks
    token_minutes: int = Field(15, ge=1, le=120)
    session_hours: int = Field(12, ge=1, le=24 * 30)

    @property
    def production(self) -> bool:
        """Whether this process serves real people."""
        return self.env is Environment.PRODUCTION

    @field_validator("database_url", "broadcast_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value.startswith(("sqlite:", "memory:")):
            return value
        try:
            known = urlsplit(value).port != 0
        except ValueError:
            known = False
        if not known:  # said without the value: it may hold a password
            raise ValueError(
                "write host:port with a number from 1 to 65535, and / : @ of a password as %2F %3A %40"
            )
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < MINIMUM_SECRET:
            raise ValueError(f"at least {MINIMUM_SECRET} characters are needed")
        return value

    @field_validator("data_keys")
    @classmethod
    def _keyring(cls, value: SecretStr) -> SecretStr:
        names = [_key_name(entry) for entry in value.get_secret_value().split(",")]
        if None in names or len(set(names)) < len(names):
            raise ValueError(
                "write id:base64key[,id:base64key], each id once, each key of 32 bytes (AES) or 16 (SM4)"
            )
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"https?://[^/\s]+", origin) for origin in value):
            raise ValueError("write origins as https://name[:port], separated by commas")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.production and self.clock:
            raise ValueError("FENGQIAO_CLOCK is refused when FENGQIAO_ENV=production")
        if self.production and self.demo:
            raise ValueError(
                "FENGQIAO_DEMO is refused when FENGQIAO_ENV=production: its passwords are public"
            )
        if self.workers > 1 and self.broadcast_url.startswith("memory:"):
            raise ValueError("FENGQIAO_WORKERS above 1 needs FENGQIAO_BROADCAST_URL=redis://…")
        if self.workers > 1 and self.database_url.startswith("sqlite:"):
            raise ValueError("FENGQIAO_WORKERS above 1 needs FENGQIAO_DATABASE_URL=postgres://…")
        return self


@functools.cache
def load() -> Settings:
    """The settings of this process, read on the first call; raises SettingsError."""
    return read()


def read(directory: Path = VAR) -> Settings:
    """Read the environment now, keeping generated keys in `directory`; raises SettingsError."""
    try:
        return Settings(**_missing_keys(directory))
    except ValidationError as error:
        raise SettingsError("; ".join(_line(*_where(detail)) for detail in error.errors())) from None
    except OSError as error:
        raise SettingsError(f"cannot keep keys in {directory}: {error.strerror}") from None


def _missing_keys(directory: Path) -> dict[str, Any]:
    """The keys nobody gave, from their files; the first run makes them."""
    makers: dict[str, tuple[str, Callable[[], str]]] = {
        "secret_key": (SECRET_KEY_FILE, _new_secret),
        "data_keys": (DATA_KEYS_FILE, _new_data_keys),
    }
    return {
        name: SecretStr(_kept(directory / file, make))
        for name, (file, make) in makers.items()
        if not os.environ.get(PREFIX + name.upper())
    }


def _new_secret() -> str:
    """48 random bytes as text."""
    return secrets.token_urlsafe(48)


def _new_data_keys() -> str:
    """A keyring of one fresh AES-256 key."""
    return "k1:" + base64.b64encode(secrets.token_bytes(AES_KEY_BYTES)).decode()


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The file's text; when it is absent it is made whole or not at all, and the first of two makers wins."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the store and pictures lie here too
        handle, draft = tempfile.mkstemp(dir=path.parent)  # created with mode 0600
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())  # a data key that is lost takes the sealed data with it
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process came first: its key is the one
        finally:
            Path(draft).unlink()
    return path.read_text(encoding="ascii").strip()


def _key_name(entry: str) -> str | None:
    """The id of one `id:base64key` entry, or None when its key is of no known length."""
    form = KEY_FORM.fullmatch(entry.strip())
    try:
        key = base64.b64decode(form["key"], validate=True) if form else b""
    except binascii.Error:
        return None
    return form["name"] if form and len(key) in {AES_KEY_BYTES, SM4_KEY_BYTES} else None


def _where(detail: ErrorDetails) -> tuple[str, str]:
    """The variable's name (empty for a rule over several) and what is wrong with it."""
    name = str(detail["loc"][0]) if detail["loc"] else ""
    known = name if name in {"", "HOST", "PORT"} else PREFIX + name.upper().removeprefix(PREFIX)
    return known, detail["msg"].removeprefix("Value error, ")


def _line(name: str, message: str) -> str:
    """One readable complaint."""
    return f"{name}: {message}" if name else message
