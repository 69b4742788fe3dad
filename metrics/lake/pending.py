"""Changes of several tables that count already, though not every table has committed its part yet.

Delta commits one table at a time. What changes several as one (a file taken back, calls priced anew) is planned in one
document, which counts from the instant it has its name. Whoever reads a table takes the plans into account: where the
table has committed its part, they change nothing more. So a reader finds all of it or nothing, also when the writer was
killed in between.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path

from metrics.lake.datafiles import Change

ENDING = ".swap"
NOTHING = Change()


def folder(home: Path) -> Path:
    """Where plans lie, beside the marks of what is being stored."""
    return home / "lake" / "_transactions"


class Pending:
    """The plans of one home. Looking costs one `stat` while there are no new ones. Safe to share between threads."""

    def __init__(self, home: Path) -> None:
        self._folder = folder(home)
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._plans: dict[str, Mapping[str, Change]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The plans that there are now."""
        return tuple(self._current())

    def of(self, table: str) -> tuple[Change, ...]:
        """What the plans change of a table, by its path below the home."""
        return tuple(plan[table] for plan in self._current().values() if table in plan)

    def _current(self) -> Mapping[str, Mapping[str, Change]]:
        try:
            seen = self._folder.stat().st_mtime_ns
        except OSError:
            return {}
        with self._lock:
            if seen != self._seen:
                paths = sorted(self._folder.glob(f"*{ENDING}"))
                plans = {path.name: self._plans.get(path.name) or _read(path) for path in paths}
                self._plans = {name: plan for name, plan in plans.items() if plan is not None}
                # A plan that comes within the clock tick of the folder's time stamp must be seen by the next look.
                self._seen = None if self._plans else seen
            return self._plans


def _read(path: Path) -> Mapping[str, Change] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {table: Change.from_document(change) for table, change in document["tables"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None  # done and gone meanwhile
