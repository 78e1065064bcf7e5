"""Who listens, and what nobody heard."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.feed import items
from api.scalars import Cursor, DateTime
from api.schema.person import Person
from api.schema.words import Shown, column, link
from db.live import consumers

if TYPE_CHECKING:
    from api.schema.incident import Incident


@strawberry.type(description="正在接收事件流的人。Someone connected to a stream.")
class FeedConsumer(Shown[items.Consumer]):
    """接收者."""

    person: Person | None = link("person_id", "Person", "人员。Who listens.")
    stream: str = column("stream", "订阅字段。The subscription's field.")
    since: DateTime = column("since", "开始时间。When it began.")
    cursor: Cursor | None = column("cursor", "最后收到的游标。The last cursor it was given.")
    lag_ms: int = column("lag_ms", "落后毫秒数。Milliseconds behind the log.")


@strawberry.type(
    description="一分钟内无指挥中心席位接收的升级。An escalation that no console received within a minute."
)
class UnseenEscalation(Shown[consumers.UnseenEscalation]):
    """无人接收的升级."""

    incident: Annotated["Incident", strawberry.lazy("api.schema.incident")] | None = link(
        "incident_id", "Incident", "事项。The case."
    )
    at: DateTime = column("at", "升级时间。When it escalated.")
    raised_at: DateTime = column("raised_at", "告警时间。When the alarm was raised.")
