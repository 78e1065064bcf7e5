"""The state stream of a desk."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from api.pages import page_request
from api.schema.argument import Count, said
from api.schema.filter import TaskFilter
from api.schema.loop.workbench import DeskView, Task
from api.schema.where import tests_of
from api.schema.words import Info
from db.connection import read_cut
from db.lists.filters import Condition
from db.workbench.tasks import Glance, Tasks
from domain.loop.workbench import Desk, admit, marks


async def _workbench(
    info: Info,
    desk: Annotated[Desk, said("工作台。The desk.")],
    first: Count,
    where: Annotated[TaskFilter | None, said("过滤。Which entries.")] = None,
) -> AsyncGenerator[DeskView]:
    """FORBIDDEN (desk); PAGE_SIZE_REQUIRED; BAD_INPUT with the field."""
    admit(info.context.require_viewer(), desk)
    size, asked = page_request(first, None, None, None).size, tests_of(where)
    return _views(info, desk, asked, size)


async def _views(info: Info, desk: Desk, asked: Condition, size: int) -> AsyncGenerator[DeskView]:
    """At once, then whenever the answer is another: after a change, or by time alone."""
    told: tuple[object, ...] | None = None
    async with aclosing(info.context.feed.workbench(info.context.require_viewer())) as ticks:
        async for _ in ticks:
            seen = await _looked(info, desk, asked, size)
            if seen.stamps != told:
                told = seen.stamps
                yield DeskView(
                    at=seen.at,
                    desk=desk,
                    total_count=seen.count,
                    total_count_exact=seen.exact,
                    tasks=[Task.of(it) for it in seen.tasks],
                )


async def _looked(info: Info, desk: Desk, asked: Condition, size: int) -> Glance:
    """The desk of one instant."""
    info.context.refresh()
    viewer, book = info.context.require_viewer(), await info.context.rulebook()
    table = Tasks(desk, marks(await info.context.now(), book.policy, book.calendar))
    async with read_cut() as connection:
        return await table.glance(viewer=viewer, tests=asked, size=size, connection=connection)


@strawberry.type
class WorkbenchSubscriptions:
    """Streams of the desks."""

    workbench = strawberry.subscription(
        resolver=_workbench,
        description="工作台实况：即时一次，此后有变才推，每秒至多一次。A desk: at once, then when it is another.",
    )
