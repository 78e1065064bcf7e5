"""What people type."""

import pytest

from domain import text
from domain.errors import DomainError, ErrorCode


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  路灯  ", "路灯"),
        ("a\r\nb", "a\nb"),
        ("cafe\u0301", "café"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("字" * 1000,) * 2,
    ],
)
def test_a_text_is_kept_normalised(given: str, kept: str) -> None:
    assert text.checked(given, "text") == kept


@pytest.mark.parametrize(
    "given", ["", "   ", "\u200b", "a\x00b", "a\x1bb", "a\x85b", "a\u202eb", "a\ud800b", "字" * 1001]
)
def test_blank_long_and_control_text_is_refused(given: str) -> None:
    with pytest.raises(DomainError) as refusal:
        text.checked(given, "text")
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "text")


@pytest.mark.parametrize("given", ["a\nb", "a\tb"])
def test_a_line_holds_no_breaks(given: str) -> None:
    with pytest.raises(DomainError):
        text.line(given, "title")
    assert text.checked(given, "content") == given


def test_an_optional_text_may_be_left_out_but_not_be_blank() -> None:
    assert text.optional(None, "note") is text.optional("", "note") is text.optional_line(None, "x") is None
    assert (text.optional("a", "note"), text.optional_line("a", "x")) == ("a", "a")
    with pytest.raises(DomainError):
        text.optional("  ", "note")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("138 0000-1234", "13800001234"),
        ("+86 0419 12345", "+86041912345"),
        ("１２３４５６", "123456"),
        ("", None),
        (None, None),
    ],
)
def test_a_phone_is_kept_as_digits(given: str | None, kept: str | None) -> None:
    assert text.phone(given, "phone") == kept


@pytest.mark.parametrize("given", ["12345", "abc", "1" * 30, "1380000x234"])
def test_what_is_no_phone_is_refused(given: str) -> None:
    with pytest.raises(DomainError):
        text.phone(given, "phone")
