"""What the terminal console shows: the rows it keeps, their order, and how they look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

COLOURS = {"GREEN": "green", "YELLOW": "yellow", "RED": "bold red"}
LIGHT_RANK = {"RED": 0, "YELLOW": 1, "GREEN": 2}
OVER = frozenset({"CLOSED", "ARCHIVED", "REJECTED", "MERGED", "TRANSFERRED", "VOIDED"})
ALARMS = frozenset({"ESCALATED", "SUPERVISED", "SURGE"})
KEPT = 200

Labels = Mapping[tuple[str, str], str]


@dataclass(slots=True)
class Row:
    """One case, or one unit's share of it, as last heard."""

    no: str
    title: str
    state: str
    light: str
    place: str
    due: str | None
    said: str
    at: float
    alarm: bool = False


@dataclass(slots=True)
class Board:
    """The console's memory; `queue` shows a unit's open assignments, otherwise events of the district."""

    labels: Labels
    queue: bool = False
    rows: dict[str, Row] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    status: str = ""
    building: bool = False
    total: int = 0

    def take(self, value: Mapping[str, Any], now: float) -> str | None:
        """Keep an item; a line that tells it, or None for what is not news."""
        match value.get("__typename"):
            case "FeedEvent":
                return self._event(value, now)
            case "QueueSnapshot":
                return self._snapshot(value)
            case "QueueEntered":
                row = self._keep(value["assignment"], now, "新进 ENTERED")
                return f"ENTERED {self.line(row)}"
            case "QueueChanged":
                said = " ".join(self.label("EventKind", kind) for kind in value["kinds"])
                return f"CHANGED {self.line(self._keep(value['assignment'], now, said))}"
            case "QueueLeft":
                self.rows.pop(value["assignmentId"], None)
                reason = value["reason"]
                return f"LEFT    {value['incidentNo']} {self.label('QueueLeftReason', reason)} {reason}"
            case None:
                self.counts = value
        return None

    def fill(self, incidents: Iterable[Mapping[str, Any]]) -> None:
        """Keep cases that were asked for, the newest first, below what was heard."""
        found = {it["id"]: it for it in incidents if it["id"] not in self.rows}
        for place, (key, facts) in enumerate(found.items()):
            alarm = facts["light"] == "RED" and facts["state"] not in OVER
            self.rows[key] = self._row(facts, -float(place), "", alarm=alarm)

    def follow(self, value: Mapping[str, Any]) -> None:
        """Bring a case that is shown up to date; others are no news here."""
        incident = value.get("incident")
        row = self.rows.get(incident["id"]) if incident else None
        if incident is None or row is None:
            return
        alarm = (row.alarm or incident["light"] == "RED") and incident["state"] not in OVER
        self.rows[incident["id"]] = self._row(incident, row.at, value["summary"], alarm=alarm)

    def label(self, enum: str, value: str) -> str:
        """The Chinese label of an enum's value."""
        return self.labels.get((enum, value), value)

    def line(self, row: Row) -> str:
        """One row as plain text."""
        return f"{row.light:6} {row.no} {self.label('IncidentState', row.state)} {row.title} {row.place}".rstrip()

    def sorted(self) -> list[Row]:
        """Escalated and red first, then the newest; a queue: what entered or turned lately, then by due time."""
        if self.queue:
            return sorted(
                self.rows.values(), key=lambda row: (-row.at, LIGHT_RANK.get(row.light, 3), row.due or "9")
            )
        return sorted(self.rows.values(), key=lambda row: (not row.alarm, -row.at))

    def picture(self, height: int, title: str) -> RenderableType:
        """The whole screen."""
        table = Table(expand=True, box=None, pad_edge=False, header_style="dim")
        for name, options in _COLUMNS.items():
            table.add_column(name, no_wrap=True, **options)
        for row in self.sorted()[: max(3, height - 8)]:
            style = COLOURS.get(row.light, "")
            state = self.label("IncidentState", row.state)
            due = short(row.due)
            table.add_row(Text("●", style), row.no, row.title, row.place, state, due, row.said, style=style)
        return Group(
            Panel(self._summary(), title=title, title_align="left"), table, Text(self.status, "cyan")
        )

    def _summary(self) -> Text:
        if self.queue:
            red = sum(row.light == "RED" for row in self.rows.values())
            return Text.assemble(f"在办 {len(self.rows)} 件  ", (f"红灯 {red}", "bold red"))
        counted = self.counts
        return Text.assemble(
            f"在办 {counted.get('open', '…')}  ",
            (f"黄灯 {counted.get('yellow', '…')}  ", "yellow"),
            (f"红灯 {counted.get('red', '…')}  ", "bold red"),
            f"督办 {counted.get('supervised', '…')}  今日上报 {counted.get('reportedToday', '…')}  ",
            f"今日结案 {counted.get('closedToday', '…')}",
        )

    def _event(self, value: Mapping[str, Any], now: float) -> str:
        incident, kind = value.get("incident"), value["kind"]
        when = short(value["at"])
        if incident is None:
            return f"{kind:9} {when} {value['summary']}"
        alarm = kind in ALARMS or incident["light"] == "RED"
        row = self._row(incident, now, value["summary"], alarm=alarm)
        self.rows.pop(incident["id"], None)
        self.rows[incident["id"]] = row
        if len(self.rows) > KEPT:
            self.rows.pop(next(iter(self.rows)))
        return f"{kind:9} {when} {self.line(row)} | {value['summary']}"

    def _snapshot(self, value: Mapping[str, Any]) -> str | None:
        if not self.building:
            self.rows.clear()
            self.building = True
        for item in value["items"]:
            self._keep(item, 0.0, "")
        if not value["complete"]:
            return None
        self.building = False
        return f"QUEUE   {value['total']} 件在办 open assignments"

    def _keep(self, item: Mapping[str, Any], now: float, said: str) -> Row:
        incident = item.get("incident") or {"title": "", "state": "", "address": None, "region": None}
        facts = {**incident, "no": item["incidentNo"], "light": item["light"], "dueAt": item["handleDueAt"]}
        row = self._row(facts, now, said, alarm=item["light"] == "RED")
        self.rows[item["id"]] = row
        return row

    def _row(self, facts: Mapping[str, Any], now: float, said: str, *, alarm: bool) -> Row:
        place = facts.get("address") or (facts.get("region") or {}).get("name") or ""
        return Row(
            no=facts["no"],
            title=facts["title"],
            state=facts["state"],
            light=facts["light"],
            place=place,
            due=facts.get("dueAt"),
            said=said,
            at=now,
            alarm=alarm,
        )


_COLUMNS: dict[str, dict[str, Any]] = {
    "灯": {"width": 2},
    "编号": {"width": 22},
    "事项": {"ratio": 3},
    "地点": {"ratio": 2},
    "状态": {"width": 12},
    "时限": {"width": 11},
    "动态": {"ratio": 2},
}


def short(moment: str | None) -> str:
    """A served time as month, day, hour and minute."""
    return f"{datetime.fromisoformat(moment):%m-%d %H:%M}" if moment else ""
