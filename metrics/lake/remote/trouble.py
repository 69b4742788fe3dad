"""Since when object storage does not answer, as any process of a home found: pages say that they show what is kept."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Trouble:
    """What storage last said instead of an answer."""

    since: datetime
    reason: str


class Troubles:
    """What a home remembers of it."""

    def __init__(self, home: Path) -> None:
        self._path = home / "lake" / "_trouble.json"

    @property
    def now(self) -> Trouble | None:
        """Since when there has been no answer; None while there are."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            return Trouble(datetime.fromisoformat(told["since"]), str(told["reason"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, reason: str) -> None:
        """There was no answer; since when stays as it is."""
        if not self._path.exists():
            scratch = self._path.with_name(f"_{uuid4().hex}.tmp")
            with suppress(OSError):
                told = {"since": datetime.now(UTC).isoformat(), "reason": reason}
                scratch.write_text(json.dumps(told), encoding="utf-8")
                scratch.replace(self._path)

    def over(self) -> None:
        """There was an answer."""
        if self._path.exists():
            self._path.unlink(missing_ok=True)
