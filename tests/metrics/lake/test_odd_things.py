"""What is no file, or has a name that is no text: refused with a reason, and nothing behind it waits."""

import json
import os
import socket
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.commands.ingest import as_document
from app.commands.printing import json_bytes
from metrics.events.simulator import simulate
from metrics.lake import readers
from metrics.lake.ingest import ingest, ingest_inbox, status
from metrics.lake.problems import Unreadable
from metrics.lake.reader import Task, Together
from metrics.lake.readers import InterruptibleReader
from metrics.lake.tables import Lake
from metrics.settings import Ingest, Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import NOW, requests

LATER = NOW + timedelta(days=900)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    return Settings(home=tmp_path / "home", ingest=Ingest(settle_seconds=0))


@contextmanager
def bound(path: Path) -> Generator[None]:
    with closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind(str(path))
        yield


def pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket must be short
    try:
        with bound(Path(path.name)):
            pass
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    os.mknod(path, 0o020666, os.makedev(1, 7))


def dangling(path: Path) -> None:
    path.symlink_to("/nowhere/at all")


def loop(path: Path) -> None:
    path.symlink_to(path)


def folder(path: Path) -> None:
    path.mkdir()
    os.utime(path, (1, 1))


def bad_name(path: Path) -> None:
    Path(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9.csv")).write_text(requests(3).write_csv(), encoding="utf-8")


ODD: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (pipe, "a named pipe"),
    "socket": (a_socket, "a socket"),
    "device": (device, "a device"),
    "dangling link": (dangling, "a symbolic link"),
    "link to itself": (loop, "a symbolic link"),
    "folder": (folder, "a folder without any event file"),
    "name": (bad_name, r"its name is not UTF-8: caf\xe9.csv"),
}


@pytest.mark.parametrize(("make", "reason"), ODD.values(), ids=ODD.keys())
def test_odd_things_are_refused_and_moved_and_the_next_file_is_stored(
    make: Callable[[Path], None], reason: str, settings: Settings
) -> None:
    inbox = settings.home / "inbox"
    try:
        make(inbox / "a.parquet")
    except PermissionError:
        assert make is device  # which only the superuser can make: the others stand for it
        return
    requests(3).write_parquet(inbox / "z.parquet")
    report = ingest_inbox(settings, now=lambda: LATER, wait=False)
    outcomes = {file.status: file for file in report.files}
    assert outcomes["rejected"].reason.startswith(reason)
    assert outcomes["stored"].path.name == "z.parquet"
    assert not [*inbox.iterdir()]
    assert json.loads(json_bytes(as_document(report)))["stored"] == 3
    assert str(status(settings, now=LATER).recent_rejected[0].path).endswith(outcomes["rejected"].path.name)
    (kept,) = (settings.home / "rejected").iterdir()
    assert {path.name for path in kept.iterdir()} == {"reason.json", outcomes["rejected"].path.name}


@pytest.mark.parametrize("make", [pipe, bad_name], ids=["pipe", "name"])
def test_odd_things_that_are_named_are_refused_and_stay(
    make: Callable[[Path], None], settings: Settings, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    make(there / "a.csv")
    report = ingest([there], settings, now=lambda: NOW)
    assert [file.status for file in report.files] == ["rejected"]
    assert len([*there.iterdir()]) == 1


def test_a_folder_that_is_just_being_filled_is_left_alone(settings: Settings) -> None:
    (settings.home / "inbox" / "day.parquet").mkdir()
    requests(3).write_parquet(settings.home / "inbox" / "z.parquet")
    assert ingest_inbox(settings, now=lambda: NOW, wait=False).stored == 3
    assert [path.name for path in (settings.home / "inbox").iterdir()] == ["day.parquet"]


def test_the_parts_of_a_folder_named_like_a_file_are_read(settings: Settings) -> None:
    parts = settings.home / "inbox" / "day.parquet"
    parts.mkdir()
    for number in range(3):
        requests(10, first=10 * number).write_parquet(parts / f"part-{number}.parquet")
    assert ingest_inbox(settings, now=lambda: LATER, wait=False).stored == 30
    assert not [*(settings.home / "inbox").iterdir()]


def test_what_the_simulator_wrote_is_stored_without_a_rejection(settings: Settings, tmp_path: Path) -> None:
    simulate(tmp_path / "out", days=1, per_day=200, seed=1, end=NOW, kinds=["request", "health"])
    report = ingest([tmp_path / "out"], settings, now=lambda: NOW)
    assert {file.status for file in report.files} == {"stored"}
    assert report.rejected == 0
    assert (tmp_path / "out" / "truth.json").exists()


def test_another_file_of_that_name_is_read(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(requests(3, ts=["2026-05-30T00:00:00Z"] * 3).to_dicts()), encoding="utf-8")
    assert ingest([path], settings, now=lambda: NOW).stored == 3


def test_files_that_end_the_process_which_reads_them_take_no_others_along(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    killers = {3, 4, 9}
    for number in range(12):
        name = "killer" if number in killers else "good"
        requests(4, first=3 * number).write_parquet(there / f"{number:02d}-{name}.parquet")  # one overlaps

    class Reader(InterruptibleReader):
        def read(self, task: Task, told: Callable[[int, int | None], None]) -> dict[str, Any]:
            if "killer" in task.path:
                raise Unreadable("reading it ended the process that reads")
            return super().read(task, told)

        def read_together(self, task: Together, told: Callable[[int, int | None], None]) -> dict[str, Any]:
            def begun(number: int, of: int | None) -> None:
                told(number, of)
                if "killer" in task.files[number].path:
                    assert self._process is not None
                    self._process.kill()
                    self._process.wait()

            return super().read_together(task, begun)

    monkeypatch.setattr(readers, "InterruptibleReader", Reader)
    report = ingest([there], settings, now=lambda: NOW)
    assert [file.path.name for file in report.files if file.status == "rejected"] == [
        f"{number:02d}-killer.parquet" for number in sorted(killers)
    ]
    assert len(report.files) == 12
    lake = Lake(settings.home)
    good = {f"r{3 * number + place}" for number in range(12) if number not in killers for place in range(4)}
    assert stored_events(lake, "request")["event_id"].sort().to_list() == sorted(good)
    assert_rollups_agree(lake)
