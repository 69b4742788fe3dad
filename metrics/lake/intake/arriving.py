"""Files on their way into the lake: what is known of each, and which are stored together."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from metrics.lake.intake.inbox import Found
from metrics.lake.intake.marks import Identified, Mark, mark_of, named


@dataclass(frozen=True, eq=False)
class Arrival:
    """A file about to be stored; one that is named twice arrives twice."""

    found: Found
    at: datetime
    owned: bool
    """It lies in the inbox, and is put away afterwards."""
    known: Identified
    problem: str = ""
    """Why it cannot be read at all."""
    tries: int = 1
    """How often it was read, this time included."""

    @property
    def hash(self) -> str:
        """Identity of its bytes."""
        return self.known.hash

    @property
    def mark(self) -> Mark:
        """What has changed once it is another."""
        return self.known.mark

    @property
    def path(self) -> Path:
        """Where it lies, as it can be shown."""
        return named(self.found.path)

    def as_document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "path": str(self.found.path), "hint": self.found.hint, "at": self.at.isoformat(), "owned": self.owned,
            "hash": self.hash, "mark": [*self.mark],
        }  # fmt: skip

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Arrival":
        """From JSON."""
        found, at = Found(Path(document["path"]), document["hint"]), datetime.fromisoformat(document["at"])
        mark = Mark(*document["mark"]) if document["mark"] else mark_of(found.path) or Mark(0, 0, 0, 0)
        known = Identified(document["hash"], mark, is_fresh=False)
        return cls(found, at, document["owned"], known)


@dataclass(frozen=True)
class Bundle:
    """Files stored in one transaction."""

    transaction: str
    """Under which they are staged and committed."""
    arrivals: tuple[Arrival, ...]
    """All of them, in their order."""
    read: tuple[Arrival, ...]
    """Those that have to be read: not stored before, no other with the same bytes before them."""
