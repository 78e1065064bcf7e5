"""A grid worker's month in points (domain.md D.5): the formula, its empty sets, and what may never raise it."""

from collections.abc import Iterator
from dataclasses import fields, replace
from random import Random

import pytest

from domain.appraisal.worker import BONUS_CAP, FULL, PARTS, WorkerMonth, days_met, share, worker_score

MONTHS = 3_000
GOOD = WorkerMonth(
    days_met=20,
    days_expected=22,
    cells_visited=45,
    cells=60,
    visits_made=18,
    visits_due=24,
    valid_reports=18,
    reports=20,
    missed_reports=2,
    filed=25,
    tasks_on_time=9,
    tasks_due=10,
    records_right=19,
    records_sampled=20,
    satisfied=10,
    basic=5,
    rated=16,
)
RAISING = ("days_met", "cells_visited", "visits_made", "tasks_on_time", "records_right", "satisfied", "basic")


def drawn() -> Iterator[WorkerMonth]:
    """Months of every kind, empty sets among them."""
    chance = Random(5)  # noqa: S311 - the same months every time
    for _ in range(MONTHS):
        counts = {it.name: chance.choice([0, 0, 1, chance.randrange(60)]) for it in fields(WorkerMonth)}
        yield WorkerMonth(**counts)


def scored(month: WorkerMonth) -> float:
    """The score of a month that has one."""
    score = worker_score(month)
    assert score is not None
    return score


def test_the_weights_are_those_of_the_table_and_make_a_hundred() -> None:
    assert [it.weight for it in PARTS] == [20, 15, 15, 20, 10, 10, 5, 5]
    assert sum(it.weight for it in PARTS) == FULL


def test_a_month_is_what_the_formula_says_by_hand() -> None:
    # 18.1818 + 11.25 + 11.25 + 18 + 9.2 + 9 + 4.75 + 5 · 14.5 / 16, and 1.8 for eighteen valid reports
    assert scored(GOOD) == pytest.approx(87.9631, abs=1e-4)


def test_a_whole_month_is_a_hundred_and_its_bonus_is_capped() -> None:
    whole = WorkerMonth(
        **{it.name: 0 if it.name in {"missed_reports", "basic"} else 20 for it in fields(GOOD)}
    )
    assert scored(whole) == FULL + 2
    assert scored(replace(whole, valid_reports=90, reports=90)) == FULL + BONUS_CAP
    assert scored(replace(whole, valid_reports=900, reports=900)) == FULL + BONUS_CAP


def test_trap_4_more_missed_reports_never_raise_the_score() -> None:
    raised = 0
    for month in drawn():
        before = worker_score(month)
        for more in (1, 3, 40):
            after = worker_score(replace(month, missed_reports=month.missed_reports + more))
            assert (before is None) is (after is None)
            assert before is None or after is None or after <= before, month
            raised += after != before
    assert raised > MONTHS // 4  # most months are not too empty to lose by it


def test_a_missed_report_that_is_filed_does_not_raise_the_score_either() -> None:
    """It stands in both counts of the rate, and may be the first case of the grid."""
    for month in drawn():
        missed = min(month.missed_reports, month.filed)
        honest = replace(month, missed_reports=missed)
        worse = replace(month, missed_reports=missed + 1, filed=month.filed + 1)
        before = worker_score(honest)
        assert before is None or scored(worse) <= before + 1e-9, month


def test_more_work_never_lowers_the_score() -> None:
    for month in drawn():
        before = worker_score(month)
        for name in RAISING:
            after = worker_score(replace(month, **{name: getattr(month, name) + 1}))
            assert before is None or (after is not None and after >= before), (name, month)


def test_a_score_is_between_nothing_and_a_hundred_and_five() -> None:
    for month in drawn():
        score = worker_score(month)
        assert score is None or 0 <= score <= FULL + BONUS_CAP, month


def test_what_there_was_none_of_is_not_judged() -> None:
    """Trap 5 beside: an empty set is neither all nor nothing."""
    assert worker_score(WorkerMonth()) is None
    assert share(0, 0) is None
    unsampled = replace(GOOD, records_right=0, records_sampled=0)
    without = (scored(GOOD) - 1.8 - 4.75) / 95 * 100 + 1.8
    assert scored(unsampled) == pytest.approx(without)
    assert scored(replace(GOOD, records_right=0)) < scored(unsampled)


def test_a_day_is_met_by_four_hours_in_the_field() -> None:
    assert days_met([239, 240, 600, 0]) == 2
    assert days_met([239, 240, 600, 0], target=600) == 1
