"""How long to wait for a process that says nothing: by the time it had, not by the clock on the wall.

A process that works, or sleeps for want of nothing, uses up its time. One that waits for a processor or a disk, or that
somebody has stopped, does not: that is the machine's doing, and the file it reads may be a good one.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_ASLEEP = frozenset("SIZX")
"""States of a thread that wants no processor and waits for no disk."""
LONGEST_GLANCE = 2.0
"""Seconds between two glances that count at most: had we been held up ourselves, that is not the process's time."""


class Glance(NamedTuple):
    """What a process looks like at a moment."""

    worked: float
    """Seconds of processor time it has had, of all threads together."""
    sleeps: bool
    """Whether no thread of it wants a processor, waits for a disk, or was stopped."""
    owned: int
    """Bytes of memory that are its own: not files it maps, which the system keeps for it and can take back."""


NOTHING = Glance(0.0, True, 0)
"""Where the system does not tell: then the clock on the wall decides."""


@dataclass
class Patience:
    """How much longer a process may be silent."""

    own_seconds: float
    """Its own time that it may use up."""
    all_seconds: float
    """Time that may pass at all."""
    _own: float = 0.0
    _all: float = 0.0
    _worked: float | None = None

    def passed(self, seconds: float, seen: Glance) -> None:
        """So much time went by until this glance."""
        counted = min(seconds, LONGEST_GLANCE)
        worked = 0.0 if self._worked is None else seen.worked - self._worked
        self._worked = seen.worked
        self._own += counted if seen.sleeps and worked <= 0 else min(max(worked, 0.0), counted)
        self._all += counted

    @property
    def is_used_up(self) -> bool:
        """Whether the process has had its time."""
        return self._own > self.own_seconds

    @property
    def is_starved(self) -> bool:
        """Whether it was not given its time for so long that waiting is of no use."""
        return not self.is_used_up and self._all > self.all_seconds


def glance(pid: int) -> Glance:
    """A look at a process, by Linux's `/proc`."""
    root = Path("/proc") / str(pid)
    try:
        status = dict(line.split(":", 1) for line in (root / "status").read_text(encoding="utf-8").splitlines())
        fields = _fields(root / "stat")
        states = set[str]()
        for task in (root / "task").iterdir():
            with suppress(OSError):  # the thread has ended
                states.add(_fields(task / "stat")[0])
    except (OSError, ValueError, IndexError):
        return NOTHING
    owned = sum(int(status[name].split()[0]) * 1024 for name in ("RssAnon", "VmSwap") if name in status)
    return Glance((int(fields[11]) + int(fields[12])) / _TICKS, states <= _ASLEEP, owned)


def _fields(path: Path) -> list[str]:
    """What stands behind the name of the command, which may hold anything."""
    return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
