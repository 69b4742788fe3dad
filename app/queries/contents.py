"""Questions about the contents of files. Foreign files are opened by a process of its own, never by this one."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import streamlit as st

from app.source import source
from metrics.events import KINDS
from metrics.events.mapping.mapping_file import as_yaml
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.proposal import Proposal, proposals, propose
from metrics.lake.child import Reader
from metrics.lake.intake.refused import rejected_rows
from metrics.lake.ledger import Attempt
from metrics.lake.looking.peeking import Peeked, PeekTask
from metrics.lake.problems import Unreadable
from metrics.lake.undo.rereading import kept

SAMPLED = 400
"""Rows of a foreign file that are looked at."""
SHOWN = 300
"""Rejected rows that are shown."""
PATIENCE_SECONDS = 20
"""Silence after which a look is given up: somebody waits for it."""
MOST_JUDGED = 120
"""Columns that proposals are made for."""
IDLE = "10min"


class Looker:
    """One reading process and the thread that owns it.

    The process ends when the thread does that started it, and the threads that run pages live for a moment only.
    """

    def __init__(self, memory_mb: int) -> None:
        self._reader = Reader(PATIENCE_SECONDS, memory_mb)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="looking")

    def peek(self, task: PeekTask) -> Peeked:
        """What a look shows; raises as `Reader.peek` does."""
        return self._thread.submit(self._reader.peek, task).result()

    def close(self) -> None:
        """End the process."""
        self._thread.submit(self._reader.__exit__)
        self._thread.shutdown(wait=False)


@st.cache_resource(ttl=IDLE, show_spinner=False, on_release=Looker.close)
def _looker() -> Looker:
    return Looker(source().settings.ingest.memory_mb)


@st.cache_data(max_entries=64, show_spinner=False)
def _peeked(
    path: str, stamp: tuple[int, int], rows: int, mapping: bytes, tally: str | None, home: str, spread: bool
) -> Peeked | str:
    """What a look shows, or why the file cannot be read: that is kept, too, as it may have cost long to find out."""
    tried: Mapping[str, Any] | None = orjson.loads(mapping) if mapping else None
    task = PeekTask(path, Path(path).name, home, source().now().isoformat(), rows, tried, tally, spread)
    try:
        return _looker().peek(task)
    except Unreadable as problem:
        return problem.reason


def _peek(
    path: Path, rows: int, mapping: Mapping[str, Any] | None = None, tally: str | None = None, spread: bool = False
) -> Peeked:
    stat = path.stat()
    said = orjson.dumps(dict(mapping)) if mapping else b""
    found = _peeked(str(path), (stat.st_mtime_ns, stat.st_size), rows, said, tally, str(source().own_home), spread)
    if isinstance(found, str):
        raise Unreadable(found)
    return found


def rows_refused(home: Path, attempt: Attempt) -> Peeked | None:
    """The first rejected rows of a file, and how many there are of each reason; None where none was rejected alone."""
    path = rejected_rows(home, attempt)
    return None if path is None else _peek(path, SHOWN, tally="reason")


def whereabouts(attempt: Attempt) -> Path | None:
    """Where a file is, if it was kept."""
    found = kept(source().own_home, attempt)
    return found.path if found else None


def look(path: Path) -> Peeked:
    """Columns of a foreign file, with the values of some rows. Raises `Unreadable`."""
    return _peek(path, SAMPLED, spread=True)


def trial(path: Path, mapping: Mapping[str, Any]) -> Peeked:
    """What a mapping makes of the first rows. Raises `Unreadable`."""
    return _peek(path, SAMPLED, mapping)


@st.cache_data(max_entries=64, show_spinner=False)
def ranked(path: str, stamp: int, _columns: tuple[Seen, ...]) -> list[Proposal]:
    """What a file probably is, the likeliest first; `path` and `stamp` stand for its columns."""
    return proposals(_columns[:MOST_JUDGED])


@st.cache_data(max_entries=64, show_spinner=False)
def proposed(path: str, stamp: int, kind: str, _columns: tuple[Seen, ...]) -> Proposal:
    """The likeliest sources of the columns of a kind."""
    return propose(_columns[:MOST_JUDGED], KINDS[kind])


def written(mapping: Mapping[str, Any]) -> str:
    """A mapping as it stands in `mappings.yaml`."""
    return as_yaml(mapping)
