"""What is to come in a demo: apart from its past, in order, and never lost."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from app.demo import ahead
from app.demo.ahead import AT_A_TIME, Ahead, parted

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def changes(*rows: tuple[str, datetime, datetime | None]) -> pl.DataFrame:
    """Of a sort, from, until."""
    types = {"change_type": pl.String, "ts": pl.Datetime("us", "UTC"), "ended_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(rows, schema=types, orient="row").with_columns(event_id=pl.concat_str("change_type", "ts"))


def requests(*moments: datetime) -> pl.DataFrame:
    types = {"ts": pl.Datetime("us", "UTC"), "event_id": pl.String, "user_id": pl.String}
    return pl.DataFrame([(at, f"{at:%d%H%M}", None) for at in moments], schema=types, orient="row")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A demo home with a few events on both sides of now."""
    for kind, frame in {
        "request": requests(*(NOW + MINUTE * at for at in (-30, 0, 1, 61, 62))),
        "change": changes(
            ("incident", NOW - 5 * MINUTE, NOW + 2 * MINUTE), ("maintenance", NOW - MINUTE, NOW + 9 * MINUTE)
        ),
    }.items():
        (tmp_path / "events" / kind).mkdir(parents=True)
        frame.write_parquet(tmp_path / "events" / kind / f"{kind}-1.parquet")
    (tmp_path / "home").mkdir()
    parted(tmp_path / "events", tmp_path / "home", NOW)
    return tmp_path / "home"


def opened(home: Path) -> Ahead:
    found = Ahead.of(home)
    assert found is not None
    return found


def test_what_was_due_is_the_past_and_an_incident_is_known_when_it_is_over(home: Path) -> None:
    past = {path.stem: pl.read_parquet(path) for path in (home.parent / "events").glob("*.parquet")}
    assert past["request"]["ts"].to_list() == [NOW - 30 * MINUTE]
    assert past["change"]["change_type"].to_list() == ["maintenance"]
    coming = opened(home).due(NOW + 2 * MINUTE)
    assert [(one["event"], one["ts"]) for one in coming] == [
        ("request", "2026-06-01T12:00:00+00:00"),
        ("request", "2026-06-01T12:01:00+00:00"),
        ("change", "2026-06-01T11:55:00+00:00"),
    ]
    assert "user_id" not in coming[0]


def test_an_event_is_given_until_it_is_taken_and_then_no_more(home: Path) -> None:
    coming = opened(home)
    assert len(coming.due(NOW)) == len(coming.due(NOW)) == 1
    coming.taken(1)
    assert coming.due(NOW) == []
    assert [one["event_id"] for one in coming.due(NOW + MINUTE)] == ["011201"]


def test_whoever_comes_next_goes_on_with_the_newest_that_was_taken(home: Path) -> None:
    before = opened(home)
    before.taken(len(before.due(NOW + MINUTE)))
    given = opened(home).due(NOW + 2 * AT_A_TIME)
    assert [one["event"] for one in given] == ["request", "change", "request", "request"]
    assert given[0]["event_id"] == "011201"  # it may be one of several of that moment


def test_after_a_long_pause_all_of_it_comes_a_part_at_a_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST", 2)
    coming, seen = opened(home), list[object]()
    while given := coming.due(NOW + 3 * AT_A_TIME):
        assert len(given) <= 2
        seen += [one["event_id"] for one in given]
        coming.taken(len(given))
    assert len(seen) == len(set(seen)) == 5


def test_a_home_that_knows_of_nothing_to_come_stands_still(tmp_path: Path) -> None:
    assert Ahead.of(tmp_path) is None
