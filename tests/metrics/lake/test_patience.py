"""A good file is never refused because the machine was busy; one that wants more is read alone before it is refused."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.commands.doctor import CHECKS, Circumstances
from metrics.lake import child, patience, read_ahead
from metrics.lake.child import Reader
from metrics.lake.identity.identities import Identities
from metrics.lake.identity.runs import number_of
from metrics.lake.ingest import FileOutcome, ingest
from metrics.lake.patience import Glance, Patience, glance
from metrics.lake.problems import FOR_WANT_OF, LakeUnavailable, Starved, Unreadable, Wanting
from metrics.lake.reader import Task
from metrics.lake.readers import InterruptibleReader
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.lake.files import NOW, START, requests

MIB = 2**20


def after(*glances: Glance, seconds: float = 1.0, own: float = 5, all: float = 50) -> Patience:
    waiting = Patience(own, all)
    for seen in glances:
        waiting.passed(seconds, seen)
    return waiting


def test_time_in_which_a_process_works_is_its_own() -> None:
    assert after(*(Glance(worked, False, 0) for worked in range(10))).is_used_up
    assert not after(*(Glance(worked / 4, False, 0) for worked in range(10))).is_used_up


def test_two_busy_threads_use_up_no_more_than_the_clock() -> None:
    assert not after(*(Glance(2.0 * worked, False, 0) for worked in range(5))).is_used_up


def test_a_process_that_sleeps_for_want_of_nothing_uses_up_its_time() -> None:
    assert after(*[Glance(3.0, True, 0)] * 10).is_used_up


def test_a_process_that_is_kept_waiting_does_not_but_not_for_ever() -> None:
    kept = after(*[Glance(3.0, False, 0)] * 40)
    assert (kept.is_used_up, kept.is_starved) == (False, False)
    kept = after(*[Glance(3.0, False, 0)] * 60)
    assert (kept.is_used_up, kept.is_starved) == (False, True)


def test_time_in_which_the_watcher_was_held_up_counts_for_little() -> None:
    assert not after(Glance(3.0, True, 0), seconds=3_600).is_used_up


def test_a_glance_tells_what_a_process_has_done_and_owns() -> None:
    before = glance(os.getpid())
    held = np.ones(8_000_000)
    now = glance(os.getpid())
    assert now.owned - before.owned > 0.8 * held.nbytes
    assert now.worked >= before.worked > 0
    assert not now.sleeps
    assert glance(2**22 + 1) == patience.NOTHING


def test_mapped_files_are_not_owned(tmp_path: Path) -> None:
    np.save(tmp_path / "run.npy", np.ones(8_000_000))
    before = glance(os.getpid())
    mapped = np.load(tmp_path / "run.npy", mmap_mode="r")
    assert mapped.sum() == 8_000_000
    assert glance(os.getpid()).owned - before.owned < 0.3 * mapped.nbytes


def task(home: Path, path: Path) -> Task:
    home.mkdir(exist_ok=True)
    return Task(str(path), path.name, str(home), "abc", "def", str(home / "rejected.parquet"), NOW.isoformat(), 1_000)


def test_a_process_that_was_stopped_and_goes_on_has_read_a_good_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    requests(5_000).write_parquet(path)
    looks: list[Glance] = []

    def looked(pid: int) -> Glance:
        looks.append(glance(pid))
        if len(looks) == 60:
            os.kill(pid, signal.SIGCONT)
        return looks[-1]

    monkeypatch.setattr(child, "LOOK_SECONDS", 0.02)
    with Reader(0.5, 2048) as reader:
        started = reader._running()  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setattr(child, "glance", looked)
        # Each look counts for what passed since the last one, at most two seconds: a minute of them is a long time.
        monkeypatch.setattr(patience, "LONGEST_GLANCE", 0.02)
        os.kill(started.pid, signal.SIGSTOP)
        staged = reader.read(task(tmp_path / "home", path), silent)
    assert staged["read"] == 5_000
    assert len(looks) >= 60


@pytest.mark.parametrize(
    ("seen", "limit", "problem"),
    [
        (Glance(0.0, False, 0), 60, Starved),
        (Glance(0.0, True, 0), 60, Wanting),
        (Glance(0.0, False, 3 * 2048 * MIB), 60, Wanting),
    ],
)
def test_what_a_process_looks_like_decides_what_is_said_of_it(seen: Glance, limit: float, problem: type) -> None:
    waiting = after(*[seen] * 2_000, seconds=2.0, own=limit, all=limit * child.STARVED_TIMES)
    assert type(child._given_up(waiting, seen.owned, 2048 * MIB)) is problem  # pyright: ignore[reportPrivateUsage]


class Limited(InterruptibleReader):
    """A reader whose process wants something, by the file's name, unless it reads alone."""

    wants: Callable[[Task], Exception | None]
    tasks: list[Task]

    def read(self, task: Task, told: Callable[[int, int | None], None]) -> dict[str, Any]:
        self.tasks.append(task)
        if problem := type(self).wants(task):
            raise problem
        return super().read(task, told)


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Limited]]:
    Limited.tasks = []
    monkeypatch.setattr("metrics.lake.readers.InterruptibleReader", Limited)
    monkeypatch.setattr(read_ahead, "SMALL_BYTES", 0)
    return Limited  # pyright: ignore[reportReturnType]


def three(folder: Path, settings: Settings) -> list[FileOutcome]:
    paths = [folder / f"{name}.parquet" for name in ("a", "large", "z")]
    for number, path in enumerate(paths):
        requests(30, first=100 * number).write_parquet(path)
    return [*ingest(paths, settings, now=lambda: NOW).files]


def silent(_: int, __: int | None) -> None:
    """Hear how far the reading is, and say nothing."""


def content(_: Task) -> None:
    return None


def busy(task: Task) -> LakeUnavailable:
    return LakeUnavailable(Path(task.home), "the machine was too busy")


def wanting_beside_others(task: Task) -> Wanting | None:
    return None if task.is_alone else wanting(task)


def wanting(task: Task) -> Wanting | None:
    return Wanting("memory: reading it took more than 2,048 MB", child.MORE_MEMORY) if "large" in task.path else None


def test_a_file_that_wants_more_is_read_again_alone_and_stored(
    limited: type[Limited], tmp_path: Path, settings: Settings
) -> None:
    limited.wants = staticmethod(wanting_beside_others)
    assert [outcome.stored for outcome in three(tmp_path, settings)] == [30, 30, 30]
    first, second = (one for one in limited.tasks if "large" in one.path)
    assert second.is_alone
    assert second.batch_rows < first.batch_rows


def test_one_that_wants_more_even_then_is_refused_and_told_what_would_help(
    limited: type[Limited], tmp_path: Path, settings: Settings
) -> None:
    limited.wants = staticmethod(wanting)
    a, large, z = three(tmp_path, settings)
    assert (a.stored, large.status, z.stored) == (30, "rejected", 30)
    assert large.reason.startswith(FOR_WANT_OF)
    assert "ingest.memory_mb" in large.reason
    found = CHECKS["time and memory"](Circumstances(settings, "127.0.0.1", 8501, NOW))
    assert (found.state, "large.parquet" in found.remedy) == ("note", True)
    limited.wants = staticmethod(content)
    assert ingest([tmp_path / "large.parquet"], settings, now=lambda: NOW).stored == 30
    assert CHECKS["time and memory"](Circumstances(settings, "127.0.0.1", 8501, NOW)).state == "ok"


def test_a_machine_that_gives_no_time_leaves_the_file_where_it_is(
    limited: type[Limited], tmp_path: Path, settings: Settings
) -> None:
    limited.wants = staticmethod(busy)
    with pytest.raises(LakeUnavailable):
        three(tmp_path, settings)
    limited.wants = staticmethod(content)
    assert [outcome.stored for outcome in three(tmp_path, settings)] == [30, 30, 30]


@pytest.mark.parametrize(("sent", "problem"), [(signal.SIGKILL, Wanting), (signal.SIGABRT, Unreadable)])
def test_who_ended_the_process_decides_whether_the_file_is_to_blame(
    tmp_path: Path, sent: signal.Signals, problem: type
) -> None:
    path = tmp_path / "a.parquet"
    requests(5_000).write_parquet(path)
    with Reader(60, 2048) as reader, pytest.raises(Unreadable) as raised:
        pid = reader._running().pid  # pyright: ignore[reportPrivateUsage]
        reader.read(task(tmp_path / "home", path), lambda _done, _of: os.kill(pid, sent))
    assert type(raised.value) is problem


@pytest.mark.usefixtures("started_readers")
def test_the_memory_of_the_reader_does_not_grow_with_history(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    requests(20_000, ts=[START] * 20_000).write_parquet(path)

    def peak(home: Path) -> int:
        owned = [0]
        with Reader(60, 2048) as reader:
            pid = reader._running().pid  # pyright: ignore[reportPrivateUsage]
            reader.read(task(home, path), lambda _done, _of: owned.append(glance(pid).owned))
        return max(owned)

    empty = peak(tmp_path / "empty")
    full = tmp_path / "full"
    chance = np.random.default_rng(1)
    for day in range(-1, 2):
        hashes = np.sort(chance.integers(0, 2**63, 10_000_000, dtype=np.uint64))
        segment = {number_of(START.date()) + day: hashes}
        Identities(Lake(full).events("request")).remember([segment], f"{day + 1:x}")
    assert peak(full) < empty + 60 * MIB
