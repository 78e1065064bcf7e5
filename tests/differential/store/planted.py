"""Personal data with a mark in each value, and who may read which mark (R80, R81, design §7).

The rules are said here a second time, so that a mistake of the masking shows as a mark in the wrong answer.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from domain.case import Case
from domain.person import Person, Role
from domain.viewer import Viewer
from domain.visibility import visibility_of

_SIGHT: dict[str, Callable[[Viewer, bool], bool]] = {
    "complainant": lambda _viewer, _protected: False,
    "content": lambda _viewer, protected: not protected,
    "opinion": lambda _viewer, protected: not protected,
    "media": lambda _viewer, protected: not protected,
    "address": lambda viewer, _protected: Role.AUDITOR not in viewer.roles,
    "note": lambda _viewer, _protected: True,
}
_PUBLIC = frozenset({Role.VOLUNTEER, Role.RESIDENT, Role.AUDITOR})
MARK = re.compile(rb"ZQ\d{5}QZ")


@dataclass(frozen=True)
class Secret:
    """One marked value of a case, or a person's name."""

    kind: str
    case: Case | None = None
    person: Person | None = None

    def open_to(self, viewer: Viewer | None) -> bool:
        """Whether this viewer may read it unmasked."""
        if viewer is None:
            return False
        if self.person is not None:
            on_duty = bool(viewer.roles - _PUBLIC) and Role.AUDITOR not in viewer.roles
            return viewer.person_id == self.person.id or (on_duty and self.person.org_id is not None)
        assert self.case is not None
        sees = visibility_of(viewer).sees(self.case.scopes())
        return sees and _SIGHT[self.kind](viewer, _belongs(viewer, self.case.incident.complained_org_id))


def _belongs(viewer: Viewer, org_id: UUID | None) -> bool:
    return org_id is not None and org_id in {viewer.org_id, *(post.org_id for post in viewer.posts)}


class Marks:
    """Every mark that was planted, and what it marks."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._planted: dict[bytes, Secret] = {}

    def mark(self) -> str:
        """A text that stands nowhere else."""
        return f"ZQ{next(self._numbers):05d}QZ"

    def plant(self, text: str | None, secret: Secret) -> None:
        """The marks in the text stand for that secret."""
        for found in MARK.findall((text or "").encode()):
            self._planted[found] = secret

    def __len__(self) -> int:
        """How many marks were planted."""
        return len(self._planted)

    def read(self, answer: bytes) -> set[Secret]:
        """Whatever of these can be read in an answer."""
        return {self._planted[found] for found in MARK.findall(answer) if found in self._planted}

    def leaked(self, answer: bytes, viewer: Viewer | None) -> list[Secret]:
        """What the viewer read without the right to."""
        return [secret for secret in self.read(answer) if not secret.open_to(viewer)]
