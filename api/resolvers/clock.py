"""Due times and the test clock."""

from typing import Annotated

import strawberry

from api.ids import decode
from api.scalars import DateTime
from api.schema.argument import said
from api.schema.clock import DeadlinePreview
from api.schema.command import session as command
from api.schema.command.given import given
from api.schema.words import Info, Input, resolver
from domain.clock import Limit, TimeUnit
from domain.deadline import deadline
from services import clocks


@strawberry.type
class ClockQueries:
    """Due times."""

    @resolver("期限试算，逐段说明。A due time computed and explained.")
    async def deadline_preview(
        self,
        info: Info,
        start: Annotated[DateTime, said("开始时间。When it starts.")],
        limit: Annotated[int, said("时限数值。The limit's amount.")],
        unit: Annotated[TimeUnit, said("时限单位。The limit's unit.")],
        org_unit_id: Annotated[
            strawberry.ID | None,
            said("按该单位的工作时间；空为全区。By that unit's working time; null: the district's."),
        ] = None,
    ) -> DeadlinePreview | None:
        """BAD_INPUT for an amount below one or absurdly long."""
        info.context.require_viewer()
        org = decode(org_unit_id, "OrgUnit", "orgUnitId") if org_unit_id is not None else None
        calendar = (await info.context.rulebook()).calendar_of(org)
        return DeadlinePreview.of(deadline(start, Limit(limit, unit), calendar))


@strawberry.type
class ClockMutations:
    """The test clock."""

    @resolver("拨快测试时钟。Forward the test clock; everything due by then fires first.")
    async def forward_clock(
        self, info: Info, asked: Input[command.ForwardClockInput]
    ) -> command.ForwardClockPayload | None:
        """FEATURE_DISABLED without a test clock."""
        call = await info.context.call(asked.idempotency_key)
        await clocks.forward(call, given(clocks.ForwardClock, asked))
        info.context.refresh()
        return command.ForwardClockPayload(now=await clocks.business_now())
