"""Any object by its global id."""

import asyncio
from typing import Annotated, cast

import strawberry

from api.ids import parse
from api.loaders import ONE
from api.schema.argument import said
from api.schema.words import NOUNS, Info, Node, resolver
from domain.errors import DomainError, ErrorCode

MAX_IDS = 100


async def _find(info: Info, identity: str, field: str) -> Node | None:
    info.context.require_viewer()
    noun, key = parse(identity, field)
    shown = NOUNS.get(noun)
    if shown is None or noun not in ONE or not issubclass(shown, Node):
        raise DomainError(ErrorCode.BAD_ID, field)
    row = await info.context.loaders[noun].load(key)
    return shown.of(row) if row is not None else None


@strawberry.type
class NodeQueries:
    """Relay's global object identification."""

    @resolver("按全局编号取对象；不可见者为空。An object by its id; null when invisible.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, said("全局编号。The global id.")],  # noqa: A002 - the schema's name
    ) -> Node | None:
        """BAD_ID for what is no id of ours."""
        return await _find(info, id, "id")

    @resolver("按全局编号取多个对象，至多 100 个。Several objects by id, 100 at most.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], said("全局编号。The global ids.")]
    ) -> list[Node | None]:
        """In the order asked for; BAD_ID for each that is none, PAGE_SIZE_REQUIRED."""
        if len(ids) > MAX_IDS:
            raise DomainError(ErrorCode.PAGE_SIZE_REQUIRED, "ids")
        info.context.require_viewer()
        found = await asyncio.gather(*(_find(info, it, "ids") for it in ids), return_exceptions=True)
        return cast("list[Node | None]", found)  # an exception is the error of its own entry
