"""What streams, `events` and `Incident.history` carry, over the items of the live feed (core.graphql)."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.feed import items
from api.feed.items import GapReason, QueueLeftReason, RevokedReason
from api.ids import decode, encode
from api.pages import PageInfo, page_info, page_request
from api.scalars import Cursor, DateTime
from api.schema.argument import Lang
from api.schema.assignment import Assignment
from api.schema.person import Person
from api.schema.words import Info, Shown, column, derived, disclosed, identity, link, resolver
from domain.action import ActionName
from domain.event import Event, EventKind, LoggedEvent
from domain.term import Language, Term

if TYPE_CHECKING:
    from api.schema.incident import Incident


def _said(name: str, description: str) -> Any:  # noqa: ANN401 - the annotation of the class says the type
    """A fact of the event within."""
    return derived("logged", fn=lambda logged: getattr(logged.event, name), description=description)


def _subject(logged: LoggedEvent) -> strawberry.ID:
    return strawberry.ID(encode(logged.event.subject.noun, logged.event.subject.id))


def _in_words(event: Event, language: Language) -> str:
    """What happened, from codes alone: no names, no free text."""
    terms: list[Term] = [event.kind]
    if event.action is not None:
        terms.append(event.action)
    named = [term.en if language is Language.EN else term.zh for term in terms]
    facts = [str(value) for value in event.data.values() if isinstance(value, str) and value.isupper()]
    return " · ".join(dict.fromkeys([*named, *facts]))


@strawberry.type(description="事件：事项发生了什么。An event: what happened to a case.")
class FeedEvent(Shown[items.Happened]):
    """事件; its objects are shown as they are at delivery."""

    cursor: Cursor = column("cursor", "本项的游标。The position of this item.")
    follows: Cursor = column("follows", "前一项的游标。The cursor of the item before.")
    at: DateTime = _said("at", "发生时间。When it happened.")
    kind: EventKind = _said("kind", "事件类别。What it means to a console.")
    action: ActionName | None = _said("action", "动作；计时触发者为空。The command; null for the timer.")
    subject_id: strawberry.ID = derived(
        "logged", fn=_subject, description="对象的全局编号。The global id of what changed."
    )
    version: int = derived(
        "logged", fn=lambda logged: logged.event.subject.version, description="对象的版本。Its version then."
    )

    actor: Person | None = disclosed(
        "actor_id", "Person", "incident_id", "操作人；计时触发者为空。Who did it; null for the timer."
    )
    incident: Annotated["Incident", strawberry.lazy("api.schema.incident")] | None = link(
        "incident_id", "Incident", "事项；无权查看时为空。The case; null for who does not see it any more."
    )
    assignment: Assignment | None = link(
        "assignment_id", "Assignment", "交办单，如所涉为其一。The assignment, when one is meant."
    )

    @resolver("一句话说明，不含个人信息。In a few words, without personal data.")
    def summary(self, lang: Lang = Language.ZH) -> str:
        """In the language asked for."""
        return _in_words(self.row.logged.event, lang or Language.ZH)


@strawberry.type(description="心跳：已读到的位置。A heartbeat: the position read so far.")
class FeedHeartbeat(Shown[items.Heartbeat]):
    """心跳."""

    cursor: Cursor = column("cursor", "本项的游标。The position of this item.")
    follows: Cursor = column(
        "follows", "前一项的游标。The cursor of the item before; the first follows itself."
    )
    at: DateTime = column("at", "发送时间。When it was sent.")
    lag_ms: int = column("lag_ms", "落后毫秒数。Milliseconds behind the log.")


@strawberry.type(description="断档：流的最后一项。A gap: the last item of a stream that cannot go on.")
class FeedGap(Shown[items.Gap]):
    """断档."""

    gap: GapReason = column("gap", "断档原因。Why.")
    from_: Cursor | None = column("start", "断档起点。Where it could not go on from.", graphql_name="from")
    resume_at: Cursor | None = column("resume_at", "可续读的游标。Where to resume.")


@strawberry.type(description="撤销：流的最后一项。Revoked: the last item of a stream that was taken away.")
class FeedRevoked(Shown[items.Revoked]):
    """撤销."""

    revoked: RevokedReason = column("revoked", "撤销原因。Why.")
    resume_at: Cursor | None = column("resume_at", "可续读的游标。Where to resume.")


@strawberry.type(description="队列快照的一段。A chunk of the queue as it was at one moment.")
class QueueSnapshot(Shown[items.Snapshot]):
    """队列快照."""

    items: list[Assignment] = derived(
        "items", fn=lambda rows: [Assignment.of(row) for row in rows], description="交办单。The assignments."
    )
    total: int = column("total", "总数。How many in all chunks.")
    complete: bool = column("complete", "是否最后一段。Whether it is the last chunk.")
    cursor: Cursor = column("cursor", "快照的位置。The position of the cut.")


def _assignment(description: str) -> Any:  # noqa: ANN401 - the annotation of the class says the type
    return derived("assignment", fn=Assignment.of, description=description)


@strawberry.type(description="入列。An assignment entered the queue.")
class QueueEntered(Shown[items.Entered]):
    """入列."""

    cursor: Cursor = column("cursor", "本项的游标。The position of this item.")
    assignment: Assignment = _assignment("交办单。The assignment.")


@strawberry.type(description="变更。An assignment of the queue changed.")
class QueueChanged(Shown[items.Changed]):
    """变更."""

    cursor: Cursor = column("cursor", "本项的游标。The position of this item.")
    assignment: Assignment = _assignment("交办单。The assignment as it is now.")
    kinds: list[EventKind] = column("kinds", "事件类别，合并时有多个。What happened; several when merged.")


@strawberry.type(description="出列。An assignment left the queue.")
class QueueLeft(Shown[items.Left]):
    """出列."""

    cursor: Cursor = column("cursor", "本项的游标。The position of this item.")
    assignment_id: strawberry.ID = identity("Assignment", "assignment_id", "交办单。Which assignment.")
    incident_no: str = column("incident_no", "事项编号。The case's number.")
    reason: QueueLeftReason = column("reason", "出列原因。Why it left.")


FeedItem = Annotated[
    FeedEvent | FeedHeartbeat | FeedGap | FeedRevoked,
    strawberry.union("FeedItem", description="事件流的一项。An item of an event stream."),
]
QueueItem = Annotated[
    QueueSnapshot | QueueEntered | QueueChanged | QueueLeft | FeedHeartbeat | FeedRevoked,
    strawberry.union("QueueItem", description="队列流的一项。An item of a queue stream."),
]
_TYPES: dict[type, type[Shown[Any]]] = {
    items.Happened: FeedEvent,
    items.Heartbeat: FeedHeartbeat,
    items.Gap: FeedGap,
    items.Revoked: FeedRevoked,
    items.Snapshot: QueueSnapshot,
    items.Entered: QueueEntered,
    items.Changed: QueueChanged,
    items.Left: QueueLeft,
}


def shown_item(item: items.FeedItem | items.QueueItem) -> Any:  # noqa: ANN401 - a member of either union
    """The GraphQL object of an item of the live feed."""
    return _TYPES[type(item)].of(item)


@strawberry.type(description="一个事件及其游标。An event with its cursor.")
class EventEdge:
    """One event of a page."""

    cursor: Cursor = strawberry.field(description="游标，与事件流通用。The cursor, the feed's own.")
    node: FeedEvent = strawberry.field(description="事件。The event.")


@strawberry.type(description="事件的一页。A page of events.")
class EventConnection:
    """A page of events; the log is not counted."""

    edges: list[EventEdge] = strawberry.field(description="各事件及其游标。The events with cursors.")
    nodes: list[FeedEvent] = strawberry.field(description="各事件。The events.")
    page_info: PageInfo = strawberry.field(description="分页信息。Where the page lies.")


@strawberry.input(description="事件过滤，各条件同时成立。Which events; all conditions hold.")
class FeedFilter:
    """Which events."""

    kinds: list[EventKind] | None = strawberry.field(description="事件类别。The kinds.", default=None)
    incident_id: strawberry.ID | None = strawberry.field(description="事项。The case.", default=None)


def chosen_by(given: FeedFilter | None) -> items.Filter:
    """The filter as the feed knows it. BAD_ID, field `filter.incidentId`."""
    if given is None:
        return items.Filter()
    case = given.incident_id
    return items.Filter(
        kinds=frozenset(given.kinds) if given.kinds is not None else None,
        incident_id=decode(case, "Incident", "filter.incidentId") if case is not None else None,
    )


async def events_of(info: Info, filter_: FeedFilter | None, first: int, after: str | None) -> EventConnection:
    """The next events that the viewer may hear of and chose. UNAUTHENTICATED, PAGE_SIZE_REQUIRED, BAD_CURSOR."""
    size = page_request(first, after, None, None).size
    viewer = info.context.require_viewer()
    return _page(await info.context.feed.events(viewer, after, chosen_by(filter_), size), first, after)


async def history_of(info: Info, incident_id: UUID, first: int, after: str | None) -> EventConnection:
    """The events of a case that the viewer was shown. PAGE_SIZE_REQUIRED, BAD_CURSOR."""
    size = page_request(first, after, None, None).size
    return _page(await info.context.histories.load((incident_id, after, size)), first, after)


def _page(found: items.Stretch, first: int, after: str | None) -> EventConnection:
    nodes = [FeedEvent.of(it) for it in found.items]
    cursors = [Cursor(it.cursor) for it in found.items]
    edges = [EventEdge(cursor=cursor, node=node) for cursor, node in zip(cursors, nodes, strict=True)]
    where = page_info(cursors, page_request(first, after, None, None), more=found.more)
    return EventConnection(edges=edges, nodes=nodes, page_info=replace(where, end_cursor=Cursor(found.end)))
