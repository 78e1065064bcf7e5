"""No client breaks unnoticed: GraphQL Inspector compares the schema with the last released one."""

from pathlib import Path

import pytest

from tests.conformance.changes import RELEASED, Change, accepted, changes, dangerous, unnoticed

pytestmark = pytest.mark.usefixtures("tools")


def altered(folder: Path, old: str, new: str) -> Path:
    """The released schema with one place changed."""
    text = RELEASED.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    file = folder / "altered.graphql"
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_no_breaking_change_since_the_release_is_unlisted() -> None:
    assert list(unnoticed(changes(), accepted())) == []


def test_every_accepted_change_has_a_reason() -> None:
    assert [key for key, reason in accepted().items() if len(reason.split()) < 3] == []


def test_a_field_that_may_be_null_now_is_caught_until_it_is_listed(tmp_path: Path) -> None:
    found = changes(current=altered(tmp_path, "  dispatchedAt: DateTime!", "  dispatchedAt: DateTime"))
    (fault,) = unnoticed(found, {})
    assert "BREAKING FIELD_TYPE_CHANGED" in fault
    assert not list(unnoticed(found, {(change.kind, change.path): "so it is wanted" for change in found}))


def test_a_value_more_in_an_enum_is_dangerous_and_breaks_nothing(tmp_path: Path) -> None:
    found = changes(current=altered(tmp_path, "enum Light {", "enum Light {\n  PURPLE"))
    assert [change.path for change in dangerous(found)] == ["Light.PURPLE"]
    assert not list(unnoticed(found, {}))


def test_a_listed_change_that_is_not_there_is_an_error() -> None:
    assert list(unnoticed([], {("FIELD_REMOVED", "Incident.no"): "a reason of old"}))
    seen = [Change("BREAKING", "FIELD_REMOVED", "Incident.no", "removed")]
    assert not list(unnoticed(seen, {("FIELD_REMOVED", "Incident.no"): "a reason of old"}))
