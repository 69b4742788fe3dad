"""Homes that share a lake, each killed at any instant: nothing is lost between them, and nothing counts twice."""

import random
import time
from pathlib import Path

from metrics.lake.intake.received import segments
from metrics.lake.tables import Lake
from metrics.settings import Inbox, Settings
from metrics.settings import Lake as LakeSettings
from tests.killing import killed_after
from tests.metrics.lake.agreement import assert_rollups_agree, stored_events
from tests.metrics.lake.files import requests
from tests.metrics.lake.ingesting import look_with
from tests.metrics.lake.remote.test_shared_inbox import segment
from tests.patience import TIMEOUT

KILLS = 12
ROWS = 30


def member(folder: Path, name: str, *, writes: bool) -> Settings:
    """One of the homes of a lake in a folder."""
    bucket, shared = (folder / "bucket").as_uri(), (folder / "shared").as_uri()
    return Settings(home=folder / name, lake=LakeSettings(url=bucket, writes=writes), inbox=Inbox(url=shared))


def bring(settings: Settings, number: int) -> None:
    """A file and a segment of live events, which overlap by half."""
    inbox = settings.home / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    requests(ROWS, first=number * ROWS).write_parquet(inbox / f"{number}.parquet")
    segment(settings.home, requests(ROWS, first=number * ROWS + ROWS // 2))


def is_empty(settings: Settings) -> bool:
    return not any((settings.home / "inbox").glob("*.parquet")) and not any(segments(settings.home))


def test_homes_that_are_killed_lose_and_double_nothing(tmp_path: Path) -> None:
    chance, writer = random.Random(20260602), member(tmp_path, "writer", writes=True)
    receivers = [member(tmp_path, name, writes=False) for name in ("one", "other")]
    brought, kills = 0, 0
    undisturbed: dict[Path, float] = {}
    while kills < KILLS:
        for settings in (*receivers, writer):
            if is_empty(settings):
                bring(settings, brought)
                brought += 1
            # How long a look takes, as long as others are at work beside it, is measured by each that is not cut off.
            begun, usual = time.monotonic(), undisturbed.get(settings.home)
            if killed_after(TIMEOUT if usual is None else chance.random() * usual * 1.5, look_with, settings):
                kills += 1
            else:
                undisturbed[settings.home] = time.monotonic() - begun

    while any((tmp_path / "shared").rglob("*.*")) or not all(map(is_empty, (*receivers, writer))):
        for settings in (*receivers, writer):
            assert not killed_after(TIMEOUT, look_with, settings)

    lake = Lake.of(writer)
    expected = sorted(f"r{number}" for number in range(brought * ROWS + ROWS // 2))
    assert stored_events(lake, "request")["event_id"].sort().to_list() == expected
    assert_rollups_agree(lake)
