"""The writer's side of the reading process: starts it, watches it, and starts another when it fell."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Protocol

from pydantic import TypeAdapter

from metrics.lake.looking.peeking import Peeked, PeekTask
from metrics.lake.looking.previewing import Preview, PreviewTask
from metrics.lake.patience import Patience, glance
from metrics.lake.problems import LakeUnavailable, Starved, Unreadable, Wanting
from metrics.lake.reader import Task

LOOK_SECONDS = 0.2
_START_SECONDS = 60
STARVED_TIMES = 30
"""How many times longer than it may take a process may be kept from its work by others."""
ALONE_TIMES = 2
"""How many times more a file is given that is read alone."""
_STOPPED = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What others end a process by, such as a system that is out of memory; a file that is hostile ends it otherwise."""
_PEEKED = TypeAdapter(Peeked)
_PREVIEWED = TypeAdapter(Preview)
ALLOCATION = {
    "_RJEM_MALLOC_CONF": "thp:always,dirty_decay_ms:30000,muzzy_decay_ms:30000",
    "MALLOC_TOP_PAD_": str(64 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
}
"""How a reading process allocates (Polars' jemalloc, then glibc): in huge pages, which it keeps from batch to batch.
Else a quarter of its time goes into having pages of 4 KiB cleared that it has just given back."""


class Process(Protocol):
    """What the writer needs of a reading process; `subprocess.Popen` says what each does."""

    @property
    def pid(self) -> int: ...
    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self) -> int: ...
    def kill(self) -> None: ...
    def communicate(self) -> object: ...


def reading_process() -> Process:
    """A new process that reads files and ends with this one. Raises OSError when it cannot be started."""
    return subprocess.Popen(
        [sys.executable, "-m", "metrics.lake.reader", str(os.getpid())],
        env={**ALLOCATION, **os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


class Reader:
    """One reading process, started when first needed. Use as a context manager."""

    def __init__(self, timeout_seconds: float, memory_mb: int) -> None:
        self._timeout = timeout_seconds
        self._memory = memory_mb * 2**20
        self._process: Process | None = None
        self._is_ready = False
        self._buffer = b""

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, task: Task, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        """What was staged of a file; `told` hears rows read so far, and of how many.

        Raises:
            Unreadable: the file cannot become events, or ended the process that read it.
            Wanting: it took more time or memory than it was given.
            LakeUnavailable: there was no room or no permission to stage it, no process could be started, or the
                machine was too busy to let it work.
        """
        return self._staged(asdict(task), Path(task.home), told, ALONE_TIMES if task.is_alone else 1)

    def _staged(
        self, document: dict[str, Any], home: Path, told: Callable[[int, int | None], None], times: int = 1
    ) -> dict[str, Any]:
        """What was staged. That the machine let the process do nothing is no fault of a file."""
        try:
            return self._asked(document, home, told, times)["staged"]
        except Starved as starved:
            raise LakeUnavailable(home, starved.reason) from starved

    def begin(self) -> None:
        """Start the process ahead of its first file, unless there is one.

        The system ends it together with the thread that started it: to be asked by a thread that lasts, where those
        that read do not. That it cannot be started is told where it is needed.
        """
        with suppress(OSError):
            self._started()

    def rest(self) -> None:
        """End the process; the next file starts another."""
        self._end()

    def peek(self, task: PeekTask) -> Peeked:
        """What a look at a file shows; nothing is stored.

        Raises as `read` does, and `Starved` where nobody waits any longer.
        """
        answer = self._asked({"peek": asdict(task)}, Path(task.home), lambda _done, _of: None)
        return _PEEKED.validate_python(answer["peeked"])

    def preview(self, task: PreviewTask, told: Callable[[int, int | None], None]) -> Preview:
        """What would come of a whole file; nothing is stored.

        Raises as `peek` does, and whatever `told` raises to end it early.
        """
        try:
            answer = self._asked({"preview": asdict(task)}, Path(task.home), told)
        except (Unreadable, LakeUnavailable):
            raise
        except Exception:  # the process is still at it, and would answer the next question with this file
            self._end()
            raise
        return _PREVIEWED.validate_python(answer["previewed"])

    def _asked(
        self, document: dict[str, Any], home: Path, told: Callable[[int, int | None], None], times: int = 1
    ) -> dict[str, Any]:
        try:
            process = self._running()
        except (Unreadable, OSError) as error:  # no fault of the file's
            raise LakeUnavailable(home, f"no process to read files could be started: {error}") from error
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(document).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            self._end()
            raise Unreadable("the process that reads files ended before it could begin") from None
        while True:
            message = self._next(process, self._timeout * times, self._memory * times)
            if "rows" in message:
                told(message["rows"], message["of"])
            elif message.keys() & {"staged", "peeked", "previewed"}:
                return message
            elif "unavailable" in message:
                raise LakeUnavailable(home, message["unavailable"])
            elif "wanting" in message:
                raise Wanting(message["wanting"], MORE_MEMORY)
            else:
                raise Unreadable(message["unreadable"])

    def _running(self) -> Process:
        process = self._started()
        if not self._is_ready:
            self._next(process, _START_SECONDS, self._memory)
            self._is_ready = True
        return process

    def _started(self) -> Process:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._buffer = b""
            self._process = reading_process()
        return self._process

    def _next(self, process: Process, timeout: float, memory: int) -> dict[str, Any]:
        """The next message; silence, greed or death of the process become errors."""
        assert process.stdout is not None
        patience = Patience(timeout, timeout * STARVED_TIMES)
        looked = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._buffer:
                if selector.select(LOOK_SECONDS):
                    received = os.read(process.stdout.fileno(), 65536)
                    if not received:
                        raise self._fell(process)
                    self._buffer += received
                    continue
                seen, now = glance(process.pid), time.monotonic()
                patience.passed(now - looked, seen)
                looked = now
                if problem := _given_up(patience, seen.owned, memory):
                    self._end()
                    raise problem
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _fell(self, process: Process) -> Unreadable:
        code = process.wait()
        self._end()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if -code in _STOPPED:
            return Wanting(f"memory: something ended the process that reads it ({how})", MORE_MEMORY)
        return Unreadable(f"reading it ended the process that reads ({how}): the file is damaged or hostile")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self._is_ready = False


MORE_MEMORY = "what helps is a higher ingest.memory_mb, a lower ingest.batch_rows, or the file in smaller ones"
MORE_TIME = "what helps is a higher ingest.timeout_seconds, a lower ingest.batch_rows, or the file in smaller ones"


def _given_up(patience: Patience, owned: int, memory: int) -> Unreadable | None:
    """Why a process is waited for no more."""
    if owned > memory:
        return Wanting(f"memory: reading it took more than {memory // 2**20:,} MB", MORE_MEMORY)
    if patience.is_used_up:
        return Wanting(f"time: reading it made no progress for {patience.own_seconds:g} seconds", MORE_TIME)
    if patience.is_starved:
        return Starved(
            f"the machine was too busy to read a file: {patience.own_seconds:g} seconds of work were not to be had in "
            f"{patience.all_seconds:g}; it is tried again"
        )
    return None
