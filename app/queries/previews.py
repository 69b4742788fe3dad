"""Whole files are converted in the background, one after the other, for the figures that would come of them.

The page asks again and again, and is never kept waiting: what it gets is how far it is, and in the end the figures.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import streamlit as st

from app.source import source
from metrics.events.questions import Answers
from metrics.lake.child import Reader
from metrics.lake.looking.previewing import Preview, PreviewTask
from metrics.lake.problems import LakeUnavailable, Unreadable

_LOG = logging.getLogger(__name__)
BATCH_ROWS = 250_000
"""Rows after which progress is told."""
KEPT = 64
IDLE = "10min"


class _Superseded(Exception):
    """Somebody asks for another preview meanwhile: nobody waits for this one."""


@dataclass
class Running:
    """A preview that is made, or was."""

    done: int = 0
    """Rows so far."""
    of: int | None = None
    result: Preview | None = None
    problem: str = ""
    is_given_up: bool = False
    future: Future[None] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether it is known what comes of the file, or why not."""
        return self.result is not None or bool(self.problem)

    def wait(self) -> None:
        """Until it is over."""
        if self.future is not None:
            self.future.result()


class Previews:
    """One reading process and the thread that owns it."""

    def __init__(self, timeout_seconds: float, memory_mb: int) -> None:
        self._reader = Reader(timeout_seconds, memory_mb)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="previewing")
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, Running] = OrderedDict()
        self._asked: dict[str, Running] = {}

    def of(self, owner: str, key: bytes, task: PreviewTask) -> Running:
        """The preview with that key; what the same owner asked for before, and is not over, is given up."""
        with self._lock:
            found = self._known.get(key)
            earlier = self._asked.get(owner)
            if earlier is not None and earlier is not found and not earlier.is_over:
                earlier.is_given_up = True
            if found is None or found.is_given_up:
                found = Running()
                found.future = self._thread.submit(self._make, found, task)
                self._known[key] = found
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            self._asked[owner] = found
            return found

    def _make(self, running: Running, task: PreviewTask) -> None:
        try:
            running.result = self._reader.preview(task, partial(self._told, running))
        except (Unreadable, LakeUnavailable) as problem:
            running.problem = str(problem)
        except _Superseded:
            running.problem = "another preview was asked for"
        except Exception as error:  # nobody else would hear of it, and the page would wait for ever
            _LOG.exception("a file could not be previewed")
            running.problem = f"{type(error).__name__}: {error}"

    def _told(self, running: Running, done: int, of: int | None) -> None:
        running.done, running.of = done, of
        if running.is_given_up:
            raise _Superseded

    def close(self) -> None:
        """End the process."""
        self._thread.submit(self._reader.__exit__)
        self._thread.shutdown(wait=False)


@st.cache_resource(ttl=IDLE, show_spinner=False, on_release=Previews.close)
def _previews() -> Previews:
    limits = source().settings.ingest
    return Previews(limits.timeout_seconds, limits.memory_mb)


def preview(
    path: Path, hint: str, mapping: Mapping[str, Any] | None = None, answers: Answers | None = None, place: str = ""
) -> Running:
    """What would come of a file, read with a mapping, or as it is recognized with what somebody says of it.

    `place` is where on the page it is shown: there only the newest preview is waited for.
    """
    stat, home = path.stat(), str(source().own_home)
    said = answers.as_document() if answers else None
    key = orjson.dumps([str(path), stat.st_mtime_ns, stat.st_size, mapping, said, home], option=orjson.OPT_NON_STR_KEYS)
    task = PreviewTask(str(path), hint, home, source().now().isoformat(), BATCH_ROWS, mapping, said)
    visitor = st.session_state.setdefault("previews of", uuid4().hex)
    return _previews().of(f"{visitor} {place or path}", key, task)
