"""What an integration key may run."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.integration.document import Document


@dataclass(frozen=True, slots=True)
class Bound:
    """The one document of a key; `misused` is called when something else is tried with it."""

    document: Document
    misused: Callable[[], None]
