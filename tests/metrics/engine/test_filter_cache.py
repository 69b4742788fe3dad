"""What passes a filter is taken out of each file of the lake once, and is right whatever becomes of the files."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from metrics.engine import Engine, Filter, Query, Window, filter_cache, scratch
from metrics.engine.filter_cache import FilterCache
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Lake as LakeSettings
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
WINDOW = Window(start=NOON, end=NOON + timedelta(hours=10))
ADA = Filter(dimension="user_id", values=("ada",))
Scans = list[int]


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> Scans:
    """Rows written at each scan for events that pass."""
    written: Scans = []
    write = filter_cache.write_parquet

    def counted(*arguments: object) -> int:
        written.append(write(*arguments))  # pyright: ignore[reportArgumentType]
        return written[-1]

    monkeypatch.setattr(filter_cache, "write_parquet", counted)
    return written


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(Settings(home=tmp_path), cache_filters_from=0)


@pytest.fixture
def requests(tmp_path: Path) -> Callable[[str, int], None]:
    """Stores requests of a user as one file of the lake."""

    def stored(user: str, count: int, hour: int = 0) -> None:
        start = NOON + timedelta(hours=hour)
        rows = [
            {"ts": start + timedelta(seconds=i), "user_id": user, "event_id": f"{user}{start}{i}"} for i in range(count)
        ]
        store(tmp_path, "request", pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")}))

    return stored


def asked(engine: Engine, *filters: Filter, metric: str = "requests") -> object:
    return engine.answer(Query(metrics=(metric,), window=WINDOW, filters=filters)).frame[metric][0]


def test_one_scan_answers_every_question_with_the_same_filter(
    engine: Engine, requests: Callable[[str, int], None], scans: Scans
) -> None:
    requests("ada", 3)
    requests("bob", 4)
    assert asked(engine, ADA) == 3
    assert asked(engine, ADA, metric="users_active") == 1
    assert scans == [3]


def test_another_value_is_another_filter(engine: Engine, requests: Callable[[str, int], None], scans: Scans) -> None:
    requests("ada", 3)
    requests("bob", 4)
    assert (asked(engine, ADA), asked(engine, Filter(dimension="user_id", values=("bob",)))) == (3, 4)
    assert scans == [3, 4]


def test_only_what_is_new_is_scanned(engine: Engine, requests: Callable[[str, int], None], scans: Scans) -> None:
    requests("ada", 3)
    asked(engine, ADA)
    requests("ada", 2)
    assert asked(engine, ADA) == 5
    assert scans == [3, 2]


def test_files_put_together_by_compaction_count_once(
    engine: Engine, requests: Callable[[str, int], None], tmp_path: Path
) -> None:
    for count in (3, 2, 1):
        requests("ada", count)
    assert asked(engine, ADA) == 6
    maintain(Settings(home=tmp_path, lake=LakeSettings(compact_files=2)), now=lambda: NOON + timedelta(days=1))
    requests("ada", 1)
    assert asked(engine, ADA) == 7


def test_of_many_events_that_pass_no_copy_is_made(
    engine: Engine, requests: Callable[[str, int], None], scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = FilterCache(engine.lake, cache_from=0, most_rows=4)
    monkeypatch.setattr(engine, "context", replace(engine.context, filters=few))
    requests("ada", 9)
    assert (asked(engine, ADA), asked(engine, ADA, metric="users_active")) == (9, 1)
    assert scans == [5]  # one more than may pass, then it is given up for good


def test_a_filter_on_a_column_no_metric_reads(
    engine: Engine, requests: Callable[[str, int], None], scans: Scans
) -> None:
    requests("ada", 2)
    assert asked(engine, Filter(dimension="session_id", values=(None,))) == 2
    assert scans == [2]


def test_no_room_for_a_copy_is_no_reason_not_to_answer(
    engine: Engine, requests: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests("ada", 3)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(filter_cache, "write_parquet", full)
    assert asked(engine, ADA) == 3


def test_forgotten_filters_leave_no_files_for_long(
    engine: Engine, requests: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_cache, "_KEPT", 2)
    monkeypatch.setattr(scratch, "OUTLIVING", 1)
    requests("ada", 1)
    for number in range(9):
        assert asked(engine, Filter(dimension="user_id", operator="not in", values=(f"u{number}",))) == 1
    scratched = engine.context.filters._scratch  # pyright: ignore[reportPrivateUsage]
    assert 1 <= len(scratched.files()) <= 2 + 1
