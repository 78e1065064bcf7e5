"""Opens a case file of any size and gives its rows one by one; `.gz` files are read as they are."""

import csv
import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from channels.casefile.mapping import Mapping, MappingError

GZIP = b"\x1f\x8b"
LONGEST_FIELD = 1024 * 1024  # characters; more is a broken file


@dataclass(frozen=True, slots=True)
class Line:
    """One row and the line of the file it ends on; `surplus` when it has more fields than columns."""

    number: int
    fields: dict[str, str]
    surplus: bool = False


class CaseFile:
    """An open file; `position` of `size` bytes have been read."""

    def __init__(self, raw: BinaryIO, size: int, mapping: Mapping) -> None:
        self.size = size
        self._raw = raw
        self._mapping = mapping
        self._text = self._decoded()

    @property
    def position(self) -> int:
        """Bytes read so far, as they lie on the disk."""
        return self._raw.tell()

    def lines(self) -> Iterator[Line]:
        """The rows in order; raises MappingError for a missing column, a wrong encoding or a broken file."""
        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.DictReader(self._text, delimiter=self._mapping.delimiter, strict=True)
        try:
            self._check_columns(reader)
            for fields in reader:
                yield _line(reader.line_num, fields)
        except UnicodeError:
            encoding = self._mapping.encoding
            where = f"near line {reader.line_num + 1}"
            raise MappingError(
                f"{where}: the file is not {encoding}; name its encoding (for example gb18030) in [file]"
            ) from None
        except csv.Error as error:
            raise MappingError(f"line {reader.line_num}: {error}") from None
        except (EOFError, OSError) as error:
            raise MappingError(f"near line {reader.line_num}: the file is damaged: {error}") from None

    def _decoded(self) -> TextIO:
        """Text, without the mark that some programs put before UTF-8."""
        start = self._raw.read(len(GZIP))
        self._raw.seek(0)
        stream = gzip.GzipFile(fileobj=self._raw) if start == GZIP else self._raw
        encoding = self._mapping.encoding
        plain = "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
        return io.TextIOWrapper(io.BufferedReader(stream), plain, newline="")  # type: ignore[type-var]  # a gzip stream reads like a raw one

    def _check_columns(self, reader: "csv.DictReader[str]") -> None:
        present = reader.fieldnames
        if not present:
            raise MappingError("the file is empty")
        missing = sorted(self._mapping.needed - set(present))
        if missing:
            raise MappingError(
                f"columns are missing: {', '.join(missing)}; the file has {', '.join(present)}"
            )


def _line(number: int, fields: "dict[str | None, Any]") -> Line:
    """The row; a short one gets empty fields, so that it is rejected for them and not lost."""
    surplus = fields.pop(None, None) is not None
    return Line(number, {str(name): (value or "").strip() for name, value in fields.items()}, surplus)


@contextmanager
def opened(path: Path, mapping: Mapping) -> Iterator[CaseFile]:
    """The file, open; raises MappingError when it cannot be read."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from None
    with raw:
        yield CaseFile(raw, path.stat().st_size, mapping)
