"""The filters that the signed-in person keeps."""

import strawberry

from api.ids import decode
from api.schema.command import saved_filter as command
from api.schema.saved_filter import SavedFilter
from api.schema.words import Info, Input, resolver
from db import saved_filters as table
from domain.errors import DomainError, ErrorCode
from services import saved_filters
from services.command import Result


@strawberry.type
class SavedFilterQueries:
    """What may be asked about saved filters."""

    @resolver("本人的常用过滤，按名称。The viewer's own filters, by name.")
    async def saved_filters(self, info: Info) -> list[SavedFilter] | None:
        """UNAUTHENTICATED."""
        return [SavedFilter.of(row) for row in await table.of_viewer(viewer=info.context.require_viewer())]


@strawberry.type
class SavedFilterMutations:
    """What everyone may do with the own filters."""

    @resolver("保存过滤。Save a filter.")
    async def save_filter(
        self, info: Info, asked: Input[command.SaveFilterInput]
    ) -> command.SaveFilterPayload | None:
        """At most 50 a person."""
        call = await info.context.call(asked.idempotency_key)
        conditions = command.required_conditions(asked, call.now)
        given = saved_filters.SaveFilter(noun=asked.noun, name=asked.name, conditions=conditions)
        result = await saved_filters.save(call, given)
        return command.SaveFilterPayload(saved_filter=await _saved(info, result))

    @resolver("修改过滤。Revise a saved filter.")
    async def revise_filter(
        self, info: Info, asked: Input[command.ReviseFilterInput]
    ) -> command.ReviseFilterPayload | None:
        """Its name, its conditions, or both."""
        call = await info.context.call(asked.idempotency_key)
        noun, conditions = command.conditions_of(asked, call.now) or (None, None)
        given = saved_filters.ReviseFilter(
            id=decode(asked.id, "SavedFilter"),
            expected_version=asked.expected_version,
            name=asked.name,
            noun=noun,
            conditions=conditions,
        )
        result = await saved_filters.revise(call, given)
        return command.ReviseFilterPayload(saved_filter=await _saved(info, result))

    @resolver("删除过滤。Delete a saved filter.")
    async def delete_filter(
        self, info: Info, asked: Input[command.DeleteFilterInput]
    ) -> command.DeleteFilterPayload | None:
        """It is gone."""
        call = await info.context.call(asked.idempotency_key)
        given = saved_filters.DeleteFilter(
            id=decode(asked.id, "SavedFilter"), expected_version=asked.expected_version
        )
        return command.DeleteFilterPayload(id=command.key_of(await saved_filters.delete(call, given)))


async def _saved(info: Info, result: Result) -> SavedFilter:
    """The filter as it is now; NOT_FOUND when a replayed command's filter is gone."""
    key = result.made["saved_filter"][0]
    row = (await table.get([key], viewer=info.context.require_viewer())).get(key)
    if row is None:
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return SavedFilter.of(row)
