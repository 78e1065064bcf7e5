"""What a grid worker's month is worth (domain.md D.5): a weighted sum of shares, pure, of numbers counted before.

Every figure is that of D.5 [P] unless its line says otherwise. A share is between 0 and 1, a weight and the score are
points. Where D.5 is silent: a share of an empty set is none and not appraised (D.1, trap 5), and the others are then
scaled up to the same hundred.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

FIELD_MINUTES = 240
"""S11: minutes in the field, patrols, visits and households without double count, that make a day met."""

BASIC = 0.9
"""D.2: what an answer 基本满意 counts beside one that is satisfied."""

FULL = 100
"""Points of a month in which every share is whole."""

BONUS, BONUS_CAP = 0.1, 5.0
"""Points for each valid report beside the shares, and at most; the cap prevents farming."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMonth:
    """One worker's calendar month, counted: pieces unless said otherwise, `…_due` and the like being the whole set.

    `days_met`, `days_expected`: working days less leave (S11). `cells_visited` of `cells`: checkpoints or cells of the
    grid, each once a week. `visits_made` of `visits_due`: the visit plan (R56). `valid_reports` of `reports`: filed or
    voided (D.1 有效上报). `missed_reports`: public reports that the worker walked past (R28), upheld after appeal;
    `filed`: cases filed in the grid (D.1 立案). `tasks_on_time` of `tasks_due`: verifications (T9) and checks (T28).
    `records_right` of `records_sampled`: entries found correct (抽查). `satisfied`, `basic`: answers of residents, of
    `rated` valid ones (D.2).
    """

    days_met: int = 0
    days_expected: int = 0
    cells_visited: int = 0
    cells: int = 0
    visits_made: int = 0
    visits_due: int = 0
    valid_reports: int = 0
    reports: int = 0
    missed_reports: int = 0
    filed: int = 0
    tasks_on_time: int = 0
    tasks_due: int = 0
    records_right: int = 0
    records_sampled: int = 0
    satisfied: int = 0
    basic: int = 0
    rated: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One line of D.5: its name, its weight in points, its share of a month; None where there is nothing to judge."""

    name: str
    weight: int
    share: Callable[[WorkerMonth], float | None]


def share(done: float, whole: int) -> float | None:
    """How much of the whole, at most 1; None for an empty set, never 0 or 1 (D.1, trap 5)."""
    return min(1.0, done / whole) if whole else None


def days_met(minutes: Iterable[int], target: int = FIELD_MINUTES) -> int:
    """How many days reached the target, from each day's field minutes (S11)."""
    return sum(it >= target for it in minutes)


def unmissed(month: WorkerMonth) -> float | None:
    """1 − min(1, 漏报率): the rate of missed reports is taken away, never added (trap 4)."""
    missed = share(month.missed_reports, month.filed)
    return None if missed is None else 1 - missed


PARTS = (
    Part("在岗达标 days met", 20, lambda it: share(it.days_met, it.days_expected)),
    Part("巡查覆盖 patrol coverage", 15, lambda it: share(it.cells_visited, it.cells)),
    Part("走访达标 visit compliance", 15, lambda it: share(it.visits_made, it.visits_due)),
    Part("有效上报率 valid reports", 20, lambda it: share(it.valid_reports, it.reports)),
    Part("漏报率 missed reports", 10, unmissed),
    Part("按期核实核查率 tasks on time", 10, lambda it: share(it.tasks_on_time, it.tasks_due)),
    Part("信息准确率 records right", 5, lambda it: share(it.records_right, it.records_sampled)),
    Part("居民满意率 satisfaction", 5, lambda it: share(it.satisfied + BASIC * it.basic, it.rated)),
)


def worker_score(month: WorkerMonth) -> float | None:
    """D.5's W in points, 0 to 105, not rounded; None where nothing of the month can be judged (不参评)."""
    judged = [(it.weight, found) for it in PARTS if (found := it.share(month)) is not None]
    if not judged:
        return None
    earned = sum(weight * found for weight, found in judged)
    whole = sum(weight for weight, _ in judged)
    return FULL * earned / whole + min(BONUS_CAP, BONUS * month.valid_reports)
