"""The loop of the sidecar: what a failing or a slow job does to the others."""

import logging
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import heartbeat
from app.timetable import Job, Timetable
from tests.patience import TIMEOUT

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Beat = Mapping[str, Mapping[str, str | None]]


class Beats:
    """Heartbeats as they come, to be waited for."""

    def __init__(self) -> None:
        self._last: Beat = {}
        self._heard = 0
        self._changed = threading.Condition()

    def __call__(self, now: datetime, jobs: Beat) -> None:
        with self._changed:
            self._last = jobs
            self._heard += 1
            self._changed.notify_all()

    def await_one(self, job: str, error: str | None) -> None:
        with self._changed:
            found = self._changed.wait_for(lambda: self._last.get(job, {}).get("error") == error, TIMEOUT)
        assert found, self._last

    def await_more(self) -> None:
        with self._changed:
            heard = self._heard
            assert self._changed.wait_for(lambda: self._heard > heard, TIMEOUT)


@contextmanager
def running(*jobs: Job, beats: Beats | None = None) -> Generator[threading.Event]:
    """The timetable in a thread of its own; ended with the block."""
    stop = threading.Event()
    thread = threading.Thread(target=Timetable(jobs, lambda: NOON, beats or Beats()).run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def test_a_job_runs_at_once_and_again() -> None:
    runs = threading.Semaphore(0)
    with running(Job("count", 0.01, runs.release, "one")):
        assert all(runs.acquire(timeout=TIMEOUT) for _ in range(3))


def test_a_job_that_raises_ends_neither_itself_nor_the_others(caplog: pytest.LogCaptureFixture) -> None:
    failures, runs, beats = threading.Semaphore(0), threading.Semaphore(0), Beats()

    def fail() -> None:
        failures.release()
        raise RuntimeError("the disk is full")

    jobs = Job("bad", 0.01, fail, "one"), Job("good", 0.01, runs.release, "one")
    with caplog.at_level(logging.ERROR), running(*jobs, beats=beats):
        assert all(failures.acquire(timeout=TIMEOUT) for _ in range(3))
        assert all(runs.acquire(timeout=TIMEOUT) for _ in range(3))
        beats.await_one("bad", "RuntimeError: the disk is full")
    assert [record.message for record in caplog.records] == ["bad failed; next try in 0.01 s"]


def test_a_slow_job_does_not_hold_up_the_heartbeat() -> None:
    begun, release, beats = threading.Event(), threading.Event(), Beats()

    def slow() -> None:
        begun.set()
        release.wait(TIMEOUT)

    with running(Job("slow", 0.01, slow, "one"), beats=beats):
        assert begun.wait(TIMEOUT)
        beats.await_more()
        release.set()


def test_a_slow_job_does_not_hold_up_another_lane() -> None:
    begun, release, runs = threading.Event(), threading.Event(), threading.Semaphore(0)

    def slow() -> None:
        begun.set()
        release.wait(TIMEOUT)

    with running(Job("slow", 0.01, slow, "lake"), Job("quick", 0.01, runs.release, "alerts")):
        assert begun.wait(TIMEOUT)
        assert all(runs.acquire(timeout=TIMEOUT) for _ in range(3))
        release.set()


def test_jobs_of_one_lane_take_turns() -> None:
    at_work, overlaps, runs = threading.Lock(), threading.Event(), threading.Semaphore(0)

    def work() -> None:
        if not at_work.acquire(blocking=False):
            overlaps.set()
            return
        runs.release()
        at_work.release()

    with running(*(Job(name, 0.01, work, "lake") for name in ("one", "two", "three"))):
        assert all(runs.acquire(timeout=TIMEOUT) for _ in range(20))
    assert not overlaps.is_set()


def test_the_run_in_progress_comes_to_its_end_before_the_stop() -> None:
    begun, finished = threading.Event(), threading.Event()

    def work(stop: threading.Event) -> None:
        begun.set()
        assert stop.wait(TIMEOUT)
        finished.set()

    stop = threading.Event()
    timetable = Timetable([Job("work", 60, lambda: work(stop), "one")], lambda: NOON, Beats())
    thread = threading.Thread(target=timetable.run, args=(stop,))
    thread.start()
    assert begun.wait(TIMEOUT)
    stop.set()
    thread.join(TIMEOUT)
    assert finished.is_set()


def test_a_heartbeat_tells_its_age(tmp_path: Path) -> None:
    heartbeat.beat(tmp_path, NOON, {})
    assert heartbeat.age(tmp_path, NOON.replace(minute=1)) == 60


def test_a_heartbeat_tells_how_a_job_goes(tmp_path: Path) -> None:
    heartbeat.beat(tmp_path, NOON, {"alerts": {"started": None, "finished": NOON.isoformat(), "error": None}})
    assert heartbeat.job(tmp_path, "alerts") == heartbeat.JobState(NOON, "")
    assert heartbeat.job(tmp_path, "unheard of") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at": 5}', '{"at": "noon"}', '{"at": "2026'])
def test_a_heartbeat_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / heartbeat.HEARTBEAT_FILE).write_text(text, encoding="utf-8")
    assert heartbeat.age(tmp_path, NOON) is None
