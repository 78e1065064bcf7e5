"""The desks: their lists and their counts."""

from typing import Annotated

import strawberry

from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, said
from api.schema.filter import TaskFilter
from api.schema.listing import Table, listed
from api.schema.loop.workbench import DeskCount, Task
from api.schema.words import Info, page, resolver
from db.connection import read_cut
from db.workbench import tasks
from domain.loop.workbench import Desk, Marks, admit, marks


async def _marks(info: Info) -> Marks:
    book = await info.context.rulebook()
    return marks(await info.context.now(), book.policy, book.calendar)


@strawberry.type
class WorkbenchQueries:
    """What waits for whom."""

    @page("Task", "工作台上的待办，先到期者在前。What is on a desk, due first first.")
    async def workbench(
        self,
        info: Info,
        desk: Annotated[Desk, said("工作台。The desk.")],
        where: Annotated[TaskFilter | None, said("过滤。Which entries.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Task] | None:
        """FORBIDDEN (desk), PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        admit(info.context.require_viewer(), desk)
        request = page_request(first, after, last, before)
        table = Table(Task, tasks.Tasks(desk, await _marks(info)))
        return await listed(info, table, request, where, order=desk.value)

    @resolver("各工作台的待办数：当前用户可用的工作台。How much is on each desk that the viewer reads.")
    async def workbench_counts(self, info: Info) -> list[DeskCount] | None:
        """All of one instant; none for who has no desk."""
        viewer, asked = info.context.require_viewer(), await _marks(info)
        async with read_cut() as connection:
            found = await tasks.counts(viewer=viewer, marks=asked, connection=connection)
        return [DeskCount.of(it) for it in found]
