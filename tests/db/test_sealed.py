"""Sealed columns: readable only in their place, with their key; the blind index finds, and tells nothing."""

import base64
from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import sealed
from db.sealed import BrokenSealError, blind_index, generate_key, install_keys, seal, unseal

ROW = UUID("0192c0de-0000-7000-8000-000000000001")
OTHER = UUID("0192c0de-0000-7000-8000-000000000002")
PLACE = {"table": "person", "column": "name_sealed"}
FIRST = generate_key()
SM4 = f"sm:{base64.b64encode(bytes(range(16))).decode()}"


@pytest.fixture(autouse=True)
def keys() -> Iterator[None]:
    before = sealed._keyring
    install_keys(FIRST)
    yield
    sealed._keyring = before


@given(st.text())
def test_what_was_sealed_is_read_in_its_place(text: str) -> None:
    assert unseal(seal(text, **PLACE, row=ROW), **PLACE, row=ROW) == text


def test_the_same_text_is_never_sealed_the_same_and_is_not_visible() -> None:
    one, two = (seal("张三 13800000000", **PLACE, row=ROW) for _ in range(2))
    assert one != two
    assert "张三".encode() not in one
    assert b"138" not in one


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [("complainant", "name_sealed", ROW), ("person", "phone_sealed", ROW), ("person", "name_sealed", OTHER)],
)
def test_a_value_moved_to_another_place_is_broken(table: str, column: str, row: UUID) -> None:
    with pytest.raises(BrokenSealError):
        unseal(seal("张三", **PLACE, row=ROW), table=table, column=column, row=row)


def test_any_changed_byte_or_cut_breaks_the_seal() -> None:
    value = seal("张三", **PLACE, row=ROW)
    for place in range(len(value)):
        changed = bytearray(value)
        changed[place] ^= 1
        with pytest.raises(BrokenSealError):
            unseal(bytes(changed), **PLACE, row=ROW)
        with pytest.raises(BrokenSealError):
            unseal(value[:place], **PLACE, row=ROW)


def test_a_new_key_seals_and_the_old_one_still_reads() -> None:
    old = seal("张三", **PLACE, row=ROW)
    index = blind_index("13800000000", "person.phone")
    second = generate_key()
    install_keys(f"{second}, {FIRST}")
    new = seal("张三", **PLACE, row=ROW)
    assert unseal(old, **PLACE, row=ROW) == unseal(new, **PLACE, row=ROW) == "张三"
    assert blind_index("13800000000", "person.phone") == index
    install_keys(second)
    assert unseal(new, **PLACE, row=ROW) == "张三"
    with pytest.raises(BrokenSealError):
        unseal(old, **PLACE, row=ROW)


def test_a_key_of_sixteen_bytes_seals_with_sm4() -> None:
    install_keys(f"{SM4},{FIRST}")
    value = seal("李四", **PLACE, row=ROW)
    assert value[1:3] == b"sm"
    assert unseal(value, **PLACE, row=ROW) == "李四"
    with pytest.raises(BrokenSealError):
        unseal(value, **PLACE, row=OTHER)


def test_a_blind_index_is_equal_for_equal_text_of_one_purpose_only() -> None:
    index = blind_index("13800000000", "person.phone")
    assert index == blind_index("13800000000", "person.phone")
    assert index != blind_index("13800000001", "person.phone")
    assert index != blind_index("13800000000", "complainant.phone")
    install_keys(generate_key())
    assert index != blind_index("13800000000", "person.phone")


@pytest.mark.parametrize("text", ["", "k1", "k1:", ":QUJD", "k1:QUJD", f"{SM4},{SM4}", "k1:not base64!"])
def test_a_wrong_keyring_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="FENGQIAO_DATA_KEYS") as refused:
        install_keys(text)
    assert "QUJD" not in str(refused.value)


def test_without_keys_nothing_is_sealed() -> None:
    sealed._keyring = None
    with pytest.raises(RuntimeError, match="install_keys"):
        seal("张三", **PLACE, row=ROW)
