"""`schedule`, run by a clock that nobody sets.

The package counts in naive local time: a clock set back, or the end of summer time, would have every job wait for the
hour that comes again.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from schedule import Job, Scheduler

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""Any moment: `schedule` compares moments, and only with one another."""


class SteadyScheduler(Scheduler):
    """A scheduler whose jobs come round every so many seconds of a steady clock."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds

    def moment(self) -> datetime:
        """Now, by that clock."""
        return _BEGINNING + timedelta(seconds=self._seconds())

    def every(self, interval: float = 1) -> Job:
        """A job to be done every `interval` units of time."""
        return _SteadyJob(interval, self)

    @property
    def idle_seconds(self) -> float | None:
        """Seconds until the next job is due; None without jobs."""
        due = self.get_next_run()
        return None if due is None else (due - self.moment()).total_seconds()


class _SteadyJob(Job):
    def __init__(self, interval: float, scheduler: SteadyScheduler) -> None:
        super().__init__(interval, scheduler)  # pyright: ignore[reportArgumentType]
        self._moment = scheduler.moment

    @property
    def should_run(self) -> bool:
        assert self.next_run is not None
        return self._moment() >= self.next_run

    def _schedule_next_run(self) -> None:
        assert self.unit is not None
        self.next_run = self._moment() + timedelta(**{self.unit: self.interval})
