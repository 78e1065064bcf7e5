"""Commands on the calendar that running clocks follow (R78)."""

from collections.abc import Mapping
from datetime import timedelta

from tests.feed_rig.actors.scene import Move, Scene
from tests.feed_rig.record import Row


def _days(scene: Scene) -> Row:
    """One day of the coming weeks is another than it was."""
    day = (scene.now + timedelta(days=scene.chance.randint(1, 20))).date()
    named = {"date": day.isoformat(), "isWorkday": scene.maybe(0.5), "name": "调休"}
    return {"year": day.year, "days": [named], "source": f"通知 {scene.mark()}"}


def _windows(scene: Scene) -> Row:
    """The office opens earlier or later from some days on, though the clock be put forward meanwhile."""
    day = (scene.now + timedelta(days=scene.chance.randint(4, 8))).date()
    opens = scene.any_of("08:00", "08:30", "09:00")
    windows = [{"opens": opens, "closes": "11:30"}, {"opens": "13:00", "closes": "17:00"}]
    return {"validFrom": day.isoformat(), "windows": windows, "source": f"通知 {scene.mark()}"}


MOVES: Mapping[str, Move] = {
    "importCalendar": Move(_days, 0.1, of=""),
    "setWorkWindows": Move(_windows, 0.1, of=""),
}
