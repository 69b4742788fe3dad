"""Whose turn it is to write a lake that several homes share, as one of them knows it.

The lease that decides lies in the alert database; the sidecar that holds it writes it down in the home, so that all
processes of the home know. What is written here is a belief, by this machine's clock: what keeps a home that is wrong
about it from writing is storage itself, by the number of the turn.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from metrics.files import write_whole


@dataclass(frozen=True, slots=True)
class Turn:
    """It is this home's turn."""

    number: int
    """Grows whenever another home takes over."""
    until: float
    """When it ends unless it is renewed, in seconds of the epoch."""

    @property
    def is_now(self) -> bool:
        """Whether it has not ended."""
        return time.time() < self.until

    def write(self, home: Path) -> None:
        """Have all processes of the home know of it."""
        (home / "lake").mkdir(parents=True, exist_ok=True)
        write_whole(_path(home), json.dumps(asdict(self)))


def turn_of(home: Path) -> Turn | None:
    """The home's turn; None while it has none."""
    try:
        turn = Turn(**json.loads(_path(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return turn if turn.is_now else None


def end_turn(home: Path) -> None:
    """Have all processes of the home know that it has none."""
    _path(home).unlink(missing_ok=True)


def _path(home: Path) -> Path:
    return home / "lake" / "_turn.json"
