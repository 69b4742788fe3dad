"""Keeps a few programs running: starts them, restarts those that die, ends them together.

One thread, one `select`: output of the children, their deaths and our own signals all arrive there, so
there is no polling and nothing to lock. Children are started from this thread because Linux ends them
with the *thread* that started them (`PR_SET_PDEATHSIG`): not even a SIGKILL leaves one behind.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import cast

from app.terminal import visible

GRACE_SECONDS = 10.0
"""How long a child may take to end by itself."""
_FIRST_DELAY, _LONGEST_DELAY, _STABLE = 0.5, 30.0, 60.0
"""Seconds before the first restart (doubling from there), at most, and of life after which it starts anew."""
_PROBE_EVERY = 0.2
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1
_LIBC: ctypes.CDLL | None = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Program:
    """A child to be kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to ours."""
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something to say, once, as soon as `ready` is true."""

    ready: Callable[[], bool]
    sentence: str


def restart_delay(failures: int) -> float:
    """Seconds to wait before the restart after that many short lives in a row (0: it had been stable)."""
    return min(_FIRST_DELAY * 2 ** min(failures, 10), _LONGEST_DELAY)


class Supervisor:
    """Runs programs until it is told to end."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        announcement: Announcement | None = None,
        write: Callable[[str], object] = sys.stdout.write,
        grace: float = GRACE_SECONDS,
    ) -> None:
        self._selector = selectors.DefaultSelector()
        width = max(len(program.name) for program in programs)
        self._children = [_Child(program, f"{program.name:<{width}} | ", self._selector, write) for program in programs]
        self._announcement = announcement
        self._write = write
        self._grace = grace
        self._ending = False

    def run(self) -> None:
        """Start everything; return once a signal has ended it."""
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        self._selector.register(wake, selectors.EVENT_READ, None)
        heard = (signal.SIGCHLD, *(number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN))
        previous = {number: signal.signal(number, self._on_signal) for number in heard}  # `nohup` stays in force
        previous_wakeup = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        try:
            while not self._ending:
                self._start_those_due()
                self._wait(self._next_due())
                self._announce()
        finally:
            self._ending = True
            self._end_all()
            signal.set_wakeup_fd(previous_wakeup)
            for number, handler in previous.items():
                signal.signal(number, handler)
            self._selector.close()
            wake.close()
            woken.close()

    def _on_signal(self, number: int, _frame: object) -> None:
        self._ending = self._ending or number in _ENDING

    def _start_those_due(self) -> None:
        for child in self._children:
            child.start_if_due(time.monotonic())

    def _next_due(self) -> float | None:
        """Seconds until something is to be done without being woken; None when there is nothing."""
        moments = [child.due for child in self._children if child.due is not None]
        waits = [max(0.0, min(moments) - time.monotonic())] if moments else []
        if self._announcement is not None:
            waits.append(_PROBE_EVERY)
        return min(waits, default=None)

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    key.fileobj.recv(4096)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
            else:
                key.data.read()
        for child in self._children:
            child.notice_death(time.monotonic(), expected=self._ending)

    def _announce(self) -> None:
        if self._announcement is not None and not self._ending and self._announcement.ready():
            self._write(self._announcement.sentence + "\n")
            self._announcement = None

    def _end_all(self) -> None:
        """Ask all to end; after the grace time, make them."""
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        while any(child.alive for child in self._children) and time.monotonic() < deadline:
            self._wait(max(0.0, deadline - time.monotonic()))
        for child in self._children:
            child.kill()


class _Child:
    """One program, and the process that runs it now."""

    def __init__(
        self, program: Program, prefix: str, selector: selectors.BaseSelector, write: Callable[[str], object]
    ) -> None:
        self._program = program
        self._prefix = prefix
        self._selector = selector
        self._write = write
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._started = 0.0
        self._failures = 0
        self.due: float | None = 0.0
        """When it is to be started, by the monotonic clock; None while it runs."""

    @property
    def alive(self) -> bool:
        return self._process is not None

    def start_if_due(self, now: float) -> None:
        if self.due is None or now < self.due:
            return
        self.due = None
        self._started = now
        try:
            process = subprocess.Popen(
                self._program.command,
                bufsize=0,  # what `select` has not seen must not wait in a buffer of ours
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._program.environment},
                cwd=self._program.directory,
                start_new_session=True,  # Ctrl-C is for the supervisor, which then ends its children in order
                preexec_fn=_end_with_parent,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._plan_restart(now, f"cannot be started: {error}")
            return
        self._process = process
        output = _pipe(process)
        os.set_blocking(output.fileno(), False)
        self._selector.register(output, selectors.EVENT_READ, self)

    def read(self) -> None:
        """Pass on whole lines of output."""
        process = self._process
        if process is None:
            return
        output = _pipe(process)
        data = output.read(65536)
        if data is None:
            return
        if data == b"":
            self._selector.unregister(output)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._say(line)

    def notice_death(self, now: float, *, expected: bool) -> None:
        """Plan the restart of a process that has ended."""
        process = self._process
        if process is None or process.poll() is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # what it had started itself must not meet its successor
        self._close(process)
        if not expected:
            self._plan_restart(now, f"ended with {_reason(process.returncode)}")

    def _plan_restart(self, now: float, why: str) -> None:
        if now - self._started >= _STABLE:
            self._failures = 0
        delay = restart_delay(self._failures)
        self._failures += 1
        self.due = now + delay
        self._say(f"{why}; starts again in {delay:g} s".encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to what it has started itself."""
        self.due = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it now, if it still lives."""
        process = self._process
        if process is not None:
            self.signal(signal.SIGKILL)
            process.wait()
            self._close(process)

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        """Pass on what it said last, and forget it."""
        output = _pipe(process)
        if output in self._selector.get_map():
            self.read()
        if output in self._selector.get_map():  # something it started still holds the other end
            self._selector.unregister(output)
        if self._rest:
            self._say(self._rest)
            self._rest = b""
        output.close()
        self._process = None

    def _say(self, line: bytes) -> None:
        self._write(f"{self._prefix}{visible(line.decode(errors='replace').rstrip())}\n")


def _pipe(process: subprocess.Popen[bytes]) -> RawIOBase:
    return cast("RawIOBase", process.stdout)  # raw, because `bufsize=0`


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _end_with_parent() -> None:
    """Run in the child before its program: let the kernel end it when the supervisor is gone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
