"""What is taken back, replaced or priced anew is cut off wherever something else lies in the home than before.

Readers find all of it or nothing, at any instant; the next writer completes it, or removes what was prepared.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import polars as pl
import pytest

from metrics.events.questions import Answers
from metrics.lake import ledger, swapping
from metrics.lake.ingest import ingest
from metrics.lake.problems import NotStored
from metrics.lake.tables import Lake
from metrics.lake.undo import drafts, forgetting, leaving, replacing, repricing, rereading
from metrics.lake.undo.forgetting import forget
from metrics.lake.undo.replacing import read_again
from metrics.lake.undo.repricing import reprice
from metrics.lake.upkeep.maintenance import maintain
from metrics.lake.writer import Writer, locked
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.cutting import content, left_behind
from tests.metrics.lake.files import NOW, START, requests
from tests.metrics.lake.test_cut_off_at_every_line import ReadsHere
from tests.metrics.lake.test_replacing import MAPPINGS
from tests.metrics.lake.test_repricing import NEW, OLD, calls, prices

WATCHED = {
    str(module.__file__) for module in (drafts, forgetting, leaving, ledger, replacing, repricing, rereading, swapping)
}


class ReadsHereAsProcess(ReadsHere):
    """Stands for the reading process."""

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> "ReadsHereAsProcess":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Act:
    """Something that is cut off."""

    kind: str
    column: str
    files: Callable[[], Mapping[str, pl.DataFrame]]
    run: Callable[[Settings, Path], object]
    is_merged: bool = False


def _overlapping() -> Mapping[str, pl.DataFrame]:
    return {"a": requests(20), "b": requests(20, first=10), "c": requests(5, first=100)}


def _calls() -> Mapping[str, pl.DataFrame]:
    return {"a": calls(60).head(30), "b": calls(60).tail(30)}


def _forget(settings: Settings, folder: Path) -> None:
    with suppress(NotStored):  # done before it was cut off
        forget(settings, str(folder / "a.parquet"), now=lambda: NOW)


def _replace(settings: Settings, folder: Path) -> None:
    read_again([folder / "a.parquet"], settings, Answers(map_name="seconds"), whole=True, now=lambda: NOW)


def _reprice(settings: Settings, _: Path) -> None:
    prices(settings.home, NEW)
    reprice(settings, START.replace(year=2000), START.replace(year=2100), now=lambda: NOW)


ACTS = {
    "forget": Act("request", "event_id", _overlapping, _forget),
    "forget, merged": Act("request", "event_id", _overlapping, _forget, is_merged=True),
    "replace": Act("request", "duration_ms", _overlapping, _replace),
    "reprice": Act("llm_call", "cost_usd", _calls, _reprice),
}


def told(home: Path, act: Act) -> list[Any]:
    """What a reader that opens the home now finds, which agrees with the rollups that it finds."""
    lake = Lake(home)
    assert_rollups_agree(lake)
    return column(lake, act)


def column(lake: Lake, act: Act) -> list[Any]:
    return stored_events(lake, act.kind).sort("event_id", nulls_last=True)[act.column].to_list()


def put_right(settings: Settings) -> None:
    with locked(settings.home):
        Writer(settings, lambda: NOW).put_right()


def orphans(home: Path) -> list[Path]:
    """Files prepared for a plan that no table ever referred to."""
    lake = Lake(home)
    named = {str(table.root / file.path) for table in lake.tables for file in table.snapshot.files}
    return [path for path in home.rglob("swap.*.parquet") if str(path) not in named]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ACTS)
def test_cut_off_anywhere_it_is_done_once_and_wholly(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act, folder, before = ACTS[name], tmp_path / "files", Settings(home=tmp_path / "before")
    folder.mkdir()
    prices(before.home, OLD)
    (before.home / "mappings.yaml").write_text(MAPPINGS, encoding="utf-8")
    for file, rows in act.files().items():
        rows.write_parquet(folder / f"{file}.parquet")
        ingest([folder / f"{file}.parquet"], before, now=lambda: NOW)
    if act.is_merged:
        maintain(before.model_copy(update={"lake": LakeSettings(compact_files=2)}), now=lambda: NOW)
    monkeypatch.setattr(forgetting, "Reader", ReadsHereAsProcess)
    settings = Settings(home=Path(copytree(before.home, tmp_path / "home")))
    with left_behind(settings.home, WATCHED, tmp_path) as homes:
        act.run(settings, folder)
    states = (told(before.home, act), told(settings.home, act))
    assert states[0] != states[1]
    assert len(homes) > 15
    done_again: set[frozenset[tuple[str, bytes | None]]] = set()
    for home in homes:
        rmtree(settings.home)
        home.rename(settings.home)  # plans name files by their whole paths
        found = told(settings.home, act)
        assert found in states, home
        put_right(settings)
        # What counted before counts now; what did not, does not.
        assert column(Lake(settings.home), act) == found, home
        assert not list((settings.home / "lake" / "_transactions").iterdir()), home
        assert found == states[1] or not orphans(settings.home), home
        if (left := content(settings.home)) in done_again:
            continue  # what is done comes of what lies there
        done_again.add(left)
        act.run(settings, folder)
        assert told(settings.home, act) == states[1], home


def nothing_done(*_: object) -> None:
    """A writer that is killed as soon as the plan is there."""


def test_a_reader_that_was_there_before_sees_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, path = Settings(home=tmp_path / "home"), tmp_path / "a.parquet"
    requests(20).write_parquet(path)
    ingest([path], settings, now=lambda: NOW)
    lake = Lake(settings.home)
    version = lake.data_version
    assert stored_events(lake, "request").height == 20
    monkeypatch.setattr(swapping, "_complete", nothing_done)
    forget(settings, str(path), now=lambda: NOW)
    assert stored_events(lake, "request").is_empty()
    assert_rollups_agree(lake)
    assert (planned := lake.data_version) != version
    monkeypatch.undo()
    put_right(settings)
    assert stored_events(lake, "request").is_empty()
    assert lake.data_version not in (version, planned)
