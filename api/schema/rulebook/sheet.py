"""The dispatch rules as a table for a spreadsheet (R09): CSV as RFC 4180 has it, one line a unit of a rule."""

import csv
import io
from collections.abc import Iterable, Mapping
from uuid import UUID

from api.ids import encode
from api.scalars import show_moment
from db.rulebook.entries import RuleUse
from domain.dictionary import Category, DispatchRule
from domain.org import OrgUnit
from domain.region import Region

HEADER = (
    "规则 rule",
    "分类代码 category",
    "分类 category name",
    "区划代码 region",
    "区划 region name",
    "单位代码 unit",
    "单位 unit name",
    "角色 role",
    "方式 mode",
    "依据 basis",
    "生效 valid from",
    "失效 valid to",
    "版本 version",
    "命中 hits",
    "派出 dispatched",
    "退回 returned",
    "准确率 accuracy",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would compute instead of showing."""


def sheet(
    rules: Iterable[DispatchRule],
    categories: Mapping[UUID, Category],
    regions: Mapping[UUID, Region],
    units: Mapping[UUID, OrgUnit],
    uses: Mapping[UUID, RuleUse],
) -> str:
    """The whole table with its header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for rule in rules:
        region = regions.get(rule.region_id) if rule.region_id else None
        use = uses.get(rule.id) or RuleUse()
        line = (
            encode("DispatchRule", rule.group_id or rule.id),
            *_named(categories.get(rule.category_id)),
            *_named(region),
            *_named(units.get(rule.lead_org_id)),
            rule.role or "LEAD",
            rule.mode or "SINGLE",
            rule.basis,
            show_moment(rule.valid_from),
            show_moment(rule.valid_to) if rule.valid_to else "",
            rule.version,
            rule.hit_count,
            use.dispatched,
            use.returned,
            f"{1 - use.returned / use.dispatched:.4f}" if use.dispatched else "",
        )
        writer.writerow([_cell(it) for it in line])
    return text.getvalue()


def _named(entry: Category | Region | OrgUnit | None) -> tuple[str, str]:
    return (entry.code, entry.name) if entry else ("", "")


def _cell(value: object) -> str:
    """Text that a spreadsheet shows as it is."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
