"""Duty items, dispatch rules, limits, and the history of all entries (R09, S40)."""

from typing import Annotated

import strawberry

from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, Saved, said
from api.schema.command.given import given
from api.schema.command.made import one
from api.schema.command.rulebook import entry as command
from api.schema.listing import Table, listed
from api.schema.rulebook.change import DictionaryChange
from api.schema.rulebook.entry import DispatchRule, DutyItem, PolicyValue
from api.schema.rulebook.filter import (
    DictionaryChangeFilter,
    DispatchRuleFilter,
    DutyItemFilter,
    PolicyValueFilter,
)
from api.schema.rulebook.sheet import sheet
from api.schema.where import tests_of
from api.schema.words import Info, Input, page, resolver
from db import dictionaries, orgs, regions
from db.lists.pages import Slice
from db.rulebook import changes
from db.rulebook.entries import DUTIES, POLICIES, RULES, uses
from domain.errors import DomainError, ErrorCode
from domain.saved_filter import FilterNoun
from services.rulebook import dispatch_rules, duties, policies

EXPORTED = 5_000
"""How many lines one export of dispatch rules has at most."""

_DUTIES = Table(DutyItem, DUTIES, FilterNoun.DUTY_ITEM)
_RULES = Table(DispatchRule, RULES, FilterNoun.DISPATCH_RULE)
_POLICIES = Table(PolicyValue, POLICIES, FilterNoun.POLICY_VALUE)
_CHANGES = Table(DictionaryChange, changes, FilterNoun.DICTIONARY)


@strawberry.type
class EntryQueries:
    """What holds now, what held, what will hold."""

    @page(
        "DutyItem",
        "职责清单，新的在前，仅工作人员可见。Duty items, the latest first; for those who work here.",
    )
    async def duty_items(
        self,
        info: Info,
        where: Annotated[DutyItemFilter | None, said("过滤。Which items.")] = None,
        saved: Saved = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[DutyItem] | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, _DUTIES, page_request(first, after, last, before), where, saved)

    @page("DispatchRule", "派单目录（R09），新的在前，仅工作人员可见。Dispatch rules, the latest first.")
    async def dispatch_rules(
        self,
        info: Info,
        where: Annotated[DispatchRuleFilter | None, said("过滤。Which rules.")] = None,
        saved: Saved = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[DispatchRule] | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, _RULES, page_request(first, after, last, before), where, saved)

    @resolver(
        "派单目录导出（R09）：CSV 文本，含命中与退单统计。The dispatch rules as CSV, with how each was used."
    )
    async def dispatch_rule_sheet(
        self,
        info: Info,
        where: Annotated[DispatchRuleFilter | None, said("过滤。Which rules.")] = None,
    ) -> str | None:
        """TOO_COSTLY beyond 5,000 lines, BAD_INPUT with the field; nothing but the header for who is no staff."""
        viewer = info.context.require_viewer()
        found = (await RULES.page(viewer=viewer, tests=tests_of(where), slice_=Slice(EXPORTED + 1))).rows
        if len(found) > EXPORTED:
            raise DomainError(ErrorCode.TOO_COSTLY, "where", facts={"limit": EXPORTED})
        return sheet(
            found,
            await dictionaries.tree([it.category_id for it in found]),
            await regions.get([it.region_id for it in found if it.region_id], viewer=viewer),
            await orgs.known([it.lead_org_id for it in found]),
            await uses([it.id for it in found], viewer=viewer),
        )

    @page("PolicyValue", "时限策略（S40），新的在前，仅工作人员可见。Limits that override the usual ones.")
    async def policy_values(
        self,
        info: Info,
        where: Annotated[PolicyValueFilter | None, said("过滤。Which limits.")] = None,
        saved: Saved = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[PolicyValue] | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, _POLICIES, page_request(first, after, last, before), where, saved)

    @page("DictionaryChange", "字典历史，新的在前，仅工作人员可见。What was changed in the dictionaries.")
    async def dictionary_changes(
        self,
        info: Info,
        where: Annotated[DictionaryChangeFilter | None, said("过滤。Which changes.")] = None,
        saved: Saved = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[DictionaryChange] | None:
        """PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, _CHANGES, page_request(first, after, last, before), where, saved)


@strawberry.type
class EntryMutations:
    """R09, S40."""

    @resolver("设定职责。Set a duty item.")
    async def set_duty_item(
        self, info: Info, asked: Input[command.SetDutyItemInput]
    ) -> command.SetDutyItemPayload | None:
        """NOT_FOUND, CONFLICT, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await duties.set_item(call, given(duties.SetDutyItem, asked))
        return command.SetDutyItemPayload(duty_item=await one(info, DutyItem, result.made["duty"][0]))

    @resolver("终止职责。End a duty item.")
    async def end_duty_item(
        self, info: Info, asked: Input[command.EndDutyItemInput]
    ) -> command.EndDutyItemPayload | None:
        """NOT_FOUND, CONFLICT, GUARD_FAILED, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await duties.end_item(call, given(duties.EndDutyItem, asked))
        return command.EndDutyItemPayload(duty_item=await one(info, DutyItem, result.made["duty"][0]))

    @resolver("设定派单规则（R09）。Set a dispatch rule.")
    async def set_dispatch_rule(
        self, info: Info, asked: Input[command.SetDispatchRuleInput]
    ) -> command.SetDispatchRulePayload | None:
        """NOT_FOUND, CONFLICT, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await dispatch_rules.set_rule(call, given(dispatch_rules.SetDispatchRule, asked))
        rows = [await one(info, DispatchRule, key) for key in result.made["rules"]]
        return command.SetDispatchRulePayload(dispatch_rules=rows)

    @resolver("终止派单规则（R09）。End a dispatch rule.")
    async def end_dispatch_rule(
        self, info: Info, asked: Input[command.EndDispatchRuleInput]
    ) -> command.EndDispatchRulePayload | None:
        """NOT_FOUND, CONFLICT, GUARD_FAILED, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await dispatch_rules.end_rule(call, given(dispatch_rules.EndDispatchRule, asked))
        rows = [await one(info, DispatchRule, key) for key in result.made["rules"]]
        return command.EndDispatchRulePayload(dispatch_rules=rows)

    @resolver("设定时限（S40）。Set a limit.")
    async def set_policy_value(
        self, info: Info, asked: Input[command.SetPolicyValueInput]
    ) -> command.SetPolicyValuePayload | None:
        """NOT_FOUND, CONFLICT, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await policies.set_limit(call, given(policies.SetPolicyValue, asked))
        return command.SetPolicyValuePayload(
            policy_value=await one(info, PolicyValue, result.made["policy"][0])
        )
