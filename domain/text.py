"""What people type: normalised, stripped, and refused when it is blank, too long or not text (domain.md A.3)."""

import re
import unicodedata

from domain.errors import DomainError, ErrorCode

TITLE = (2, 50)
"""Characters of a title (A.3)."""

LONGEST = 1000
"""Characters of any other text (A.3, T39)."""

_LAYOUT = "\n\t"
_PHONE = re.compile(r"\+?[0-9][0-9 -]{4,18}[0-9]")
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cf", "Cc"})


def checked(value: str, field: str, *, least: int = 1, most: int = LONGEST) -> str:
    """A required text in NFC without outer space; BAD_INPUT naming the field and its limits."""
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if any(_is_control(character) for character in text):
        raise DomainError(
            ErrorCode.BAD_INPUT, field, zh="文本含有控制字符", en="The text holds control characters"
        )
    seen = any(unicodedata.category(character) not in _UNSEEN for character in text)
    if not seen or not least <= len(text) <= most:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            field,
            zh=f"须填写 {least} 至 {most} 个字",
            en=f"Give {least} to {most} characters",
            facts={"least": least, "most": most},
        )
    return text


def line(value: str, field: str, *, least: int = 1, most: int = LONGEST) -> str:
    """A required text of one line: line breaks and tabs are control characters too. BAD_INPUT."""
    text = checked(value, field, least=least, most=most)
    if any(character in _LAYOUT for character in text):
        raise DomainError(ErrorCode.BAD_INPUT, field, zh="须为单行文本", en="One line only")
    return text


def optional(value: str | None, field: str, *, most: int = LONGEST) -> str | None:
    """A text that may be left out; None and an empty string are the same. BAD_INPUT otherwise."""
    return checked(value, field, most=most) if value else None


def optional_line(value: str | None, field: str, *, most: int = LONGEST) -> str | None:
    """As `optional`, for one line."""
    return line(value, field, most=most) if value else None


def phone(value: str | None, field: str) -> str | None:
    """A telephone number of 6 to 20 digits, spaces and hyphens, stored without these. BAD_INPUT."""
    if not value:
        return None
    text = unicodedata.normalize("NFKC", value).strip()
    if not _PHONE.fullmatch(text):
        raise DomainError(ErrorCode.BAD_INPUT, field, zh="电话号码无效", en="Not a telephone number")
    return text.replace(" ", "").replace("-", "")


def _is_control(character: str) -> bool:
    """Control codes, halves of characters, and marks that reorder what is shown."""
    if character in _LAYOUT:
        return False
    return unicodedata.category(character) in {"Cc", "Cs"} or character in _REORDERING
