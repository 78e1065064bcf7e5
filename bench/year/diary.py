"""What was done in the year, by whom for whom and when: the facts that the second bookkeeping starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Deed:
    """One command that was accepted: `action` is the mutation's name, `facts` what the person said with it.

    Units are named by their codes, never by ids of rows: the second bookkeeping has rows of its own. A deed of no
    case is a calendar that was published, `days` of its facts.
    """

    at: datetime
    case: UUID | None
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)
