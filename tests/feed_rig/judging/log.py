"""Judges the log itself and what was commanded: no hole, each escalation once, each command once, the chain whole."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.feed_rig.record import Entry, Finding, Row, Run


class Log:
    """The entries by their number and by their case."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = {it.seq: it for it in entries}
        self._of_case: defaultdict[str | None, list[Entry]] = defaultdict(list)
        for entry in entries:
            self._of_case[entry.incident].append(entry)

    def of_case(self, case: str | None) -> Sequence[Entry]:
        """Those of one case, in order."""
        return self._of_case[case]


def judged_log(run: Run) -> Iterator[Finding]:
    """Everything wrong with the log and the commands."""
    if run.truth.chain:
        yield Finding("wrong", "the chain of hashes", run.truth.chain)
    yield from _order(run)
    yield from _escalations(run)
    yield from _commands(run)


def _order(run: Run) -> Iterator[Finding]:
    """The log has no hole, and the versions of each subject only grow."""
    versions: dict[str, int] = {}
    for number, entry in enumerate(run.truth.entries, run.truth.entries[0].seq if run.truth.entries else 1):
        if entry.seq != number:
            yield Finding("lost", "the log", f"{entry.seq} stands where {number} should")
        if entry.version < versions.get(entry.subject, 0):
            yield Finding("disordered", "the log", f"{entry} after version {versions[entry.subject]}")
        versions[entry.subject] = max(entry.version, versions.get(entry.subject, 0))
    for key, (version, *_) in run.truth.incidents.items():
        if versions.get(f"Incident:{key}", version) != version:
            yield Finding(
                "lost", "the log", f"case {key} is at {version}, its entries at {versions[f'Incident:{key}']}"
            )


def _escalations(run: Run) -> Iterator[Finding]:
    """A light turns once for each step that fired, and an escalation is told once.

    I4 is told again each day, and of a stage its unit is reminded when it turns yellow and when it turns red (R24).
    """
    told = Counter(_step(entry) for entry in run.truth.entries if _fired(entry))
    for step, times in told.items():
        fired = run.truth.steps.get(str(step[0]), ())
        if step[1] == "LIGHT":
            if times != fired.count(str(step[3])):
                yield Finding(
                    "duplicated" if times > 1 else "wrong", "a light", f"{step} {times} times of {fired}"
                )
        elif times > _often(step, fired):
            yield Finding("duplicated", "an escalation", f"{step} {times} times")
    for clock, fired in run.truth.steps.items():
        for light in {"YELLOW", "RED"} & set(fired):
            if not any(step[0] == clock and step[3] == light for step in told):
                yield Finding("lost", "a light", f"{clock} fired {light}, and the log does not say so")


def _often(step: tuple[object, ...], fired: Sequence[str]) -> int:
    """How often that escalation of a clock may be told, by the steps that it fired."""
    if step[4] == "MILESTONE":
        return len({"YELLOW", "RED"} & set(fired))
    return 1 + sum(it.startswith("I4.") for it in fired)


def _fired(entry: Entry) -> bool:
    return "clock" in entry.data and entry.kind in {"LIGHT", "ESCALATED"}


def _step(entry: Entry) -> tuple[object, ...]:
    what = entry.data.get("light") or entry.data.get("step")
    return entry.data["clock"], entry.kind, entry.row, what, entry.data.get("type")


def _commands(run: Run) -> Iterator[Finding]:
    """Answered with success: in the store, once, whatever the number of tries; never answered: once at most."""
    for command in run.commands:
        where = f"{command.mutation} {command.key}"
        if command.answers and command.key not in run.truth.keys:
            yield Finding("lost", where, "answered, but its key is not in the store")
        if not all(_alike(it, command.answers[0]) for it in command.answers):
            yield Finding("wrong", where, f"answered differently: {command.answers}")
        if command.mark is not None:
            times = run.truth.marks.get(command.mark, 0)
            if times > 1:
                yield Finding("duplicated", where, f"happened {times} times")
            if command.answers and not times:
                yield Finding("lost", where, "answered, but not in the store")


def _alike(answer: Row, first: Row) -> bool:
    """Whether a later answer names the same objects; one that its reader may not see then is null (design §7, §8)."""
    return answer.keys() == first.keys() and all(
        it is None or first[name] is None or it == first[name] for name, it in answer.items()
    )
