"""A case with one lead, and the steps of extensions and hangs: what the tests of time share."""

from datetime import datetime, timedelta

from domain.action import ActionName as A
from domain.clock import Clock, ClockType
from domain.errors import DomainError
from domain.life.outcome import Outcome
from domain.loop.request import HangReason, HangReview
from domain.person import PostType
from domain.rules.step import due_steps
from domain.rules.time import extension, hang
from domain.viewer import Viewer
from tests.domain.stage import (
    DIRECTOR,
    DISPATCHER,
    LEAD,
    SYSTEM,
    Story,
    a_complainant,
    act,
    person,
)

SECOND_DIRECTOR = person(PostType.COMMAND_DIRECTOR)


class Timed(Story):
    """A case whose lead asks for time; what is due fires before each step."""

    def later(self, **span: float) -> "Timed":
        """Time passes, and what is due by then fires."""
        super().later(**span)
        for fired in due_steps(act(SYSTEM, at=self.now), self.case):
            self.take(fired.outcome)
        return self

    def until(self, moment: datetime) -> "Timed":
        """It is that time now."""
        return self.later(seconds=(moment - self.now).total_seconds())

    def clock(self, kind: ClockType = ClockType.HANDLE) -> Clock:
        """The latest clock of that type."""
        return [it for it in self.case.clocks if it.type is kind][-1]

    def extension_asked(self, days: int = 3, viewer: Viewer = LEAD, **changes: object) -> "Timed":
        """T22, the wish."""
        wish = {"days": days, "reason": "缺料", "text": "材料未到", "informed_at": self.now} | changes
        doing = self.by(viewer, A.requestExtension, row=True)
        self.take(extension.request(doing, self.case, self.row, extension.Wish(**wish)))  # type: ignore[arg-type]  # fields of a wish
        return self

    def extension_decided(
        self,
        days: int | None = None,
        viewer: Viewer = DISPATCHER,
        *,
        accept: bool = True,
        answer: str | None = "已核",
    ) -> "Timed":
        """T22, the answer."""
        doing = self.by(viewer, A.decideExtension, row=True)
        self.take(
            extension.decide(doing, self.case, self.row, accept=accept, approved_days=days, answer=answer)
        )
        return self

    def hang_asked(self, review: float = 30, until: float = 90, **changes: object) -> "Timed":
        """T23, the wish; days from now."""
        plan = {
            "reason": HangReason.CONSTRUCTION_SEASON,
            "plan": "明春施工",
            "text": "冬季不能施工",
            "next_review_at": self.now + timedelta(days=review),
            "max_until": self.now + timedelta(days=until),
        } | changes
        doing = self.by(LEAD, A.requestHang, row=True)
        self.take(hang.request(doing, self.case, self.row, hang.Plan(**plan)))  # type: ignore[arg-type]  # fields of a plan
        return self

    def hang_decided(
        self, viewer: Viewer = DIRECTOR, *, accept: bool = True, answer: str | None = None
    ) -> "Timed":
        """T23, the answer."""
        doing = self.by(viewer, A.decideHang, row=True)
        self.take(hang.decide(doing, self.case, self.row, accept=accept, answer=answer))
        return self

    def reviewed(
        self, review: HangReview, days: float | None = None, viewer: Viewer = DIRECTOR, **changes: object
    ) -> "Timed":
        """T23b; the next review so many days from now."""
        told = {
            "text": "已复查",
            "next_review_at": self.now + timedelta(days=days) if days else None,
        } | changes
        doing = self.by(viewer, A.reviewHang)
        self.take(hang.review(doing, self.case, hang.Review(review=review, **told)))  # type: ignore[arg-type]  # fields of a review
        return self

    def resumed(self, viewer: Viewer = DIRECTOR) -> "Timed":
        """T24."""
        doing = self.by(viewer, A.resumeHung, row=True)
        self.take(hang.resume(doing, self.case, self.row, "可以施工"))
        return self


def at_work(**changes: object) -> Timed:
    """A NORMAL case that its lead has signed for and whose complainant was called."""
    story = Timed(**({"complainant": a_complainant()} | changes))  # type: ignore[arg-type]  # fields of a report
    story.filed()
    story.dispatched()
    story.accepted()
    story.contacted()
    return story


def hung() -> Timed:
    """The same, hung for 30 days."""
    return at_work().hang_asked().hang_decided()


def events_of(outcome: Outcome) -> list[tuple[str, str]]:
    """The kind of each event and what it is about, in order."""
    return [(it.kind.value, it.subject.noun) for it in outcome.events]


def refusal_of(error: DomainError) -> tuple[str, str | None, str | None]:
    """Code, field and rule of a refusal."""
    return error.code.value, error.field, error.rule
