"""The history of dictionary entries."""

import json
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.ids import encode
from api.scalars import DateTime
from api.schema.words import Node, Shown, column, derived, link, resolver
from domain import dictionary as rows
from domain.dictionary import DictionaryNoun

if TYPE_CHECKING:
    from api.schema.person import Person

_TYPES = {
    DictionaryNoun.CATEGORY: "Category",
    DictionaryNoun.DUTY_ITEM: "DutyItem",
    DictionaryNoun.DISPATCH_RULE: "DispatchRule",
    DictionaryNoun.POLICY_VALUE: "PolicyValue",
    DictionaryNoun.ORG_UNIT: "OrgUnit",
}


def _subject(noun: DictionaryNoun, key: UUID) -> str | None:
    return encode(_TYPES[noun], key) if noun in _TYPES else None


@strawberry.type(description="条目的一项内容。One thing that an entry says.")
class DictionaryValue:
    """One field."""

    name: str = strawberry.field(description="项目名。What it is, by its name.")
    value: str | None = strawberry.field(
        description="内容；列表为 JSON 文本。What it is set to; a list is a JSON text."
    )


@strawberry.type(description="字典历史：条目的一个版本（S40）。One version of a dictionary entry.")
class DictionaryChange(Shown[rows.DictionaryChange], Node):
    """S40."""

    noun: DictionaryNoun = column("noun", "字典类别。What kind of entry it is.")
    subject_id: strawberry.ID | None = derived(
        "noun",
        "subject_id",
        fn=_subject,
        description="条目的全局编号；日历与时段为空。The entry's id; null of calendars and hours.",
    )
    version: int = column("version", "版本号。Which version it is.")
    valid_from: DateTime = column("valid_from", "自何时有效。From when it holds.")
    reason: str | None = column("reason", "修订原因。Why.")
    changed_at: DateTime = column("changed_at", "设定时间。When it was set.")
    changed_by: Annotated["Person", strawberry.lazy("api.schema.person")] | None = link(
        "changed_by_id", "Person", "设定人；平台自身为空。Who set it; null for the platform."
    )

    @resolver("该版本的全部内容。Everything that version says.")
    def values(self) -> list[DictionaryValue]:
        """By name."""
        return [DictionaryValue(name=name, value=_said(it)) for name, it in sorted(self.row.data.items())]


def _said(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
