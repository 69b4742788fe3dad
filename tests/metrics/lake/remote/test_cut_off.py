"""A writer that ends at any request that changes storage: whoever comes next completes what it began, once."""

import random
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from metrics.events.questions import Answers
from metrics.lake.ingest import Progress
from metrics.lake.intake.inbox import found_in
from metrics.lake.ledger import Ledger
from metrics.lake.problems import NotStored
from metrics.lake.read_ahead import ReadAhead
from metrics.lake.readers import InterruptibleReader
from metrics.lake.remote.objects import Objects
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import forget
from metrics.lake.writer import Writer, locked
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.cutting import CutOff
from tests.metrics.lake.files import NOW, requests
from tests.metrics.lake.remote.conftest import home_of
from tests.metrics.lake.test_cut_off_at_every_line import ReadsHere, Silent

CUTS = 3


def store_all(settings: Settings) -> None:
    with locked(settings.home):
        one = Writer(settings, lambda: NOW)
        one.put_right()
        pen = ReadAhead(one, [cast("InterruptibleReader", ReadsHere())], Answers(), cast("Progress", Silent()))
        list(pen.stored([*found_in([settings.home / "inbox"])], owned=True))


@contextmanager
def cut_off(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> Generator[list[str]]:
    """End whatever makes request `number` that changes storage, before or after it; gives what was asked."""
    asked: list[str] = []

    def cutting(real: Callable[..., Any]) -> Callable[..., Any]:
        def request(objects: Objects, name: str, content: Any) -> Any:
            asked.append(name)
            is_last = len(asked) >= number  # nothing is asked by what is dead
            if is_last and not (after and len(asked) == number):
                raise CutOff
            told = real(objects, name, content)
            if is_last:
                raise CutOff
            return told

        return request

    with monkeypatch.context() as patched:
        for method in (Objects.put, Objects.create):
            patched.setattr(Objects, method.__name__, cutting(method))
        yield asked


def dropped(path: Path, url: str) -> Settings:
    settings = home_of(path, url)
    (path / "inbox").mkdir(parents=True)
    requests(40).write_parquet(path / "inbox" / "a.parquet")
    return settings


def test_taking_a_file_back_is_completed_wherever_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two_files(number: int) -> Settings:
        settings = dropped(tmp_path / f"{number}", (tmp_path / f"bucket{number}").as_uri())
        requests(60).write_parquet(settings.home / "inbox" / "b.parquet")
        store_all(settings)
        return settings

    settings = two_files(0)
    with cut_off(monkeypatch, 10_000, after=False) as asked:
        forget(settings, "a.parquet", now=lambda: NOW)
    for number in sorted({*random.Random(8).sample(range(2, len(asked)), 3), len(asked)}):
        settings = two_files(number)
        with cut_off(monkeypatch, number, after=number % 2 == 0), suppress(CutOff):
            forget(settings, "a.parquet", now=lambda: NOW)
        with suppress(NotStored):  # it was taken back as soon as its plan counted
            forget(settings, "a.parquet", now=lambda: NOW)
        for home in (settings.home, tmp_path / f"reader{number}"):
            lake = Lake.of(home_of(home, settings.lake.url))
            assert stored_events(lake, "request").height == 60, (number, home)
            assert_rollups_agree(lake)


def test_what_is_cut_off_at_a_request_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with cut_off(monkeypatch, 10_000, after=False) as asked:
        store_all(dropped(tmp_path / "whole", (tmp_path / "bucket").as_uri()))
    commits = [number for number, name in enumerate(asked, 1) if name.endswith("1.json")]
    chosen = {1, *commits[:1], commits[-1], len(asked), *random.Random(7).sample(range(2, len(asked)), CUTS)}
    for number in sorted(chosen):
        after = number % 2 == 0 or number in commits
        url = (tmp_path / f"bucket{number}").as_uri()
        settings = dropped(tmp_path / f"{number}", url)
        with cut_off(monkeypatch, number, after=after), suppress(CutOff):
            store_all(settings)
        store_all(settings)
        requests(60).write_parquet(settings.home / "inbox" / "b.parquet")
        store_all(settings)

        for home in (settings.home, tmp_path / f"reader{number}"):
            lake = Lake.of(home_of(home, url))
            events = stored_events(lake, "request")["event_id"].sort().to_list()
            assert events == sorted(f"r{one}" for one in range(60)), (number, home)
            assert_rollups_agree(lake)
        assert [one.outcome.stored for one in Ledger(settings.home).attempts(9, "stored")] == [20, 40], number
        assert not [*settings.home.glob("inbox/*"), *settings.home.glob("*/*/_draft")], number
        assert not [*settings.home.glob("lake/_transactions/*")], number
