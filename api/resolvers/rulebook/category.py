"""Categories, made and revised."""

from dataclasses import replace
from typing import TypeVar

import strawberry

from api.schema.command.given import given
from api.schema.command.made import one
from api.schema.command.rulebook import category as command
from api.schema.dictionary import Category
from api.schema.words import Info, Input, resolver
from domain.dictionary import Milestone
from services.rulebook import categories

C = TypeVar("C", categories.CreateCategory, categories.ReviseCategory)


@strawberry.type
class CategoryMutations:
    """A.1, R24."""

    @resolver("新增分类。Create a category.")
    async def create_category(
        self, info: Info, asked: Input[command.CreateCategoryInput]
    ) -> command.CreateCategoryPayload | None:
        """BAD_INPUT with the field, NOT_FOUND (parentId)."""
        call = await info.context.call(asked.idempotency_key)
        wish = _staged(given(categories.CreateCategory, asked), asked.milestones)
        result = await categories.create(call, wish)
        return command.CreateCategoryPayload(category=await one(info, Category, result.made["category"][0]))

    @resolver("修订分类：停用代替删除。Revise a category; it is taken out of use, never deleted.")
    async def revise_category(
        self, info: Info, asked: Input[command.ReviseCategoryInput]
    ) -> command.ReviseCategoryPayload | None:
        """NOT_FOUND, CONFLICT, BAD_INPUT with the field, GUARD_FAILED."""
        call = await info.context.call(asked.idempotency_key)
        wish = _staged(given(categories.ReviseCategory, asked), asked.milestones)
        result = await categories.revise(call, wish)
        return command.ReviseCategoryPayload(category=await one(info, Category, result.made["category"][0]))


def _staged(wish: C, stages: list[command.MilestoneInput] | None) -> C:
    if stages is None:
        return wish
    return replace(wish, milestones=tuple(given(Milestone, it) for it in stages))
