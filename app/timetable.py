"""Does jobs again and again, each guarded from the others.

The loop itself only plans and tells that it is alive. Jobs of one lane take turns in one worker thread, because they
write the same thing; a slow one delays those of its own lane, but no other lane, nor the loop, nor the heartbeat. A
job that raises is logged and runs again at its next turn.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from app.steady import SteadyScheduler

BEAT_SECONDS = 1
LOG = logging.getLogger("promptpilot.sidecar")


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again."""

    name: str
    every: float
    """Seconds between two starts; a run still going on when the next is due is left alone."""
    run: Callable[[], object]
    lane: str
    """Jobs of one lane never run at the same time."""


@dataclass(slots=True)
class _Record:
    """What is known of the runs of a job."""

    started: datetime | None = None
    finished: datetime | None = None
    error: str | None = None
    """Why the last run failed; None when it did not."""
    running: Future[None] | None = field(default=None, repr=False)

    def as_text(self) -> Mapping[str, str | None]:
        return {"started": _iso(self.started), "finished": _iso(self.finished), "error": self.error}


class Timetable:
    """Runs jobs on time until told to stop."""

    def __init__(
        self,
        jobs: Sequence[Job],
        now: Callable[[], datetime],
        beat: Callable[[datetime, Mapping[str, Mapping[str, str | None]]], object],
        scheduler: SteadyScheduler | None = None,
    ) -> None:
        self._jobs = tuple(jobs)
        self._records = {job.name: _Record() for job in jobs}
        self._now = now
        self._beat = beat
        self._scheduler = scheduler or SteadyScheduler()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then until the run in progress has come to its end."""
        scheduler = self._scheduler
        with ExitStack() as stack:
            lanes = {
                lane: stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix=lane))
                for lane in dict.fromkeys(job.lane for job in self._jobs)
            }
            for job in self._jobs:
                worker = lanes[job.lane]
                self._submit(job, worker)
                scheduler.every(job.every).seconds.do(self._submit, job, worker)
            scheduler.every(BEAT_SECONDS).seconds.do(self._tell)
            self._tell()
            while not stop.wait(max(0.0, scheduler.idle_seconds or 0.0)):
                scheduler.run_pending()
            for worker in lanes.values():
                worker.shutdown(wait=False, cancel_futures=True)
        self._tell()

    def _submit(self, job: Job, worker: ThreadPoolExecutor) -> None:
        record = self._records[job.name]
        if record.running is None or record.running.done():
            record.running = worker.submit(self._run, job, record)

    def _run(self, job: Job, record: _Record) -> None:
        record.started = self._now()
        try:
            job.run()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            if record.error != reason:  # said once for as long as it stays the same
                LOG.exception("%s failed; next try in %g s", job.name, job.every)
            record.error = reason
        else:
            record.error = None
        finally:
            record.finished = self._now()

    def _tell(self) -> None:
        try:
            self._beat(self._now(), {name: record.as_text() for name, record in self._records.items()})
        except OSError as error:
            LOG.warning("no heartbeat: %s", error)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
