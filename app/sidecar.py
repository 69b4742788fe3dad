"""The process beside the pages: the only writer of the lake.

Jobs that touch the lake take turns in one worker thread, so that a slow one delays only the others of
its kind; the loop itself only plans, and writes the heartbeat. A job that raises is logged and runs
again at its next turn.
"""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schedule import Scheduler

from app.files import write_whole

HEARTBEAT_FILE = "sidecar.json"
HEARTBEAT_SECONDS = 1
LOG = logging.getLogger("promptpilot.sidecar")


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again."""

    name: str
    every: float
    """Seconds between two starts; a run still going on when the next is due is left alone."""
    run: Callable[[], object]


@dataclass(slots=True)
class Record:
    """What is known of the runs of a job."""

    started: datetime | None = None
    finished: datetime | None = None
    error: str | None = None
    """Why the last run failed; None when it did not."""
    running: Future[None] | None = field(default=None, repr=False)


class Sidecar:
    """Runs jobs on time until told to stop."""

    def __init__(self, jobs: Sequence[Job], heartbeat: Path, now: Callable[[], datetime]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._records = {job.name: Record() for job in jobs}
        self._heartbeat = heartbeat
        self._now = now
        self._begun = now()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then until the run in progress has come to its end."""
        scheduler = Scheduler()
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="lake") as worker:
            for job in self._jobs.values():
                self._submit(job, worker)
                scheduler.every(job.every).seconds.do(self._submit, job, worker)  # pyright: ignore[reportArgumentType]
            scheduler.every(HEARTBEAT_SECONDS).seconds.do(self._beat)
            self._beat()
            while not stop.wait(max(0.0, scheduler.idle_seconds or 0.0)):
                scheduler.run_pending()
            worker.shutdown(wait=True, cancel_futures=True)
        self._beat()

    def _submit(self, job: Job, worker: ThreadPoolExecutor) -> None:
        record = self._records[job.name]
        if record.running is None or record.running.done():
            record.running = worker.submit(self._run, job, record)

    def _run(self, job: Job, record: Record) -> None:
        record.started = self._now()
        try:
            job.run()
            record.error = None
        except Exception as error:
            if record.error != str(error):  # once is enough while it stays the same
                LOG.exception("%s failed; it is tried again in %g s", job.name, job.every)
            record.error = str(error)
        finally:
            record.finished = self._now()

    def _beat(self) -> None:
        jobs = {
            name: {"started": _iso(record.started), "finished": _iso(record.finished), "error": record.error}
            for name, record in self._records.items()
        }
        beat = {"pid": os.getpid(), "begun": _iso(self._begun), "at": _iso(self._now()), "jobs": jobs}
        try:
            write_whole(self._heartbeat, json.dumps(beat))
        except OSError as error:
            LOG.warning("no heartbeat: %s", error)


def heartbeat_age(home: Path, now: datetime) -> float | None:
    """Seconds since the sidecar of `home` last wrote its heartbeat; None when it never did."""
    try:
        at = json.loads((home / HEARTBEAT_FILE).read_text(encoding="utf-8"))["at"]
        return (now - datetime.fromisoformat(at)).total_seconds()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    """Run the sidecar of the home that the environment names, until SIGTERM or Ctrl-C."""
    from app.jobs import jobs
    from metrics.settings import load_settings

    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    Sidecar(jobs(settings, stop, _now), settings.home / HEARTBEAT_FILE, _now).run(stop)


if __name__ == "__main__":
    main()
