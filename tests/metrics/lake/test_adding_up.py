"""Days are added up from their hours once they are over, and read so only while that is what events say."""

from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Engine, Filter, Grain, Query, Window
from metrics.events import KINDS
from metrics.lake.ingest import ingest
from metrics.lake.repair.lacking import make_anew
from metrics.lake.rollups import ROLLUPS
from metrics.lake.tables import Lake
from metrics.lake.undo.forgetting import forget
from metrics.lake.upkeep import adding_up
from metrics.lake.upkeep.adding_up import add_up
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import Settings
from tests.metrics.lake.agreement import assert_rollups_agree, known_by_sums

FIRST = datetime(2026, 3, 27, tzinfo=UTC)
"""Two days before a change to summer time."""
DAYS = 5
END = FIRST + timedelta(days=DAYS)
WINDOW = Window(start=FIRST + timedelta(hours=5), end=END - timedelta(hours=2))
"""Whole hours, of days that are cut at both ends."""
ALL = {(FIRST + timedelta(days=day)).date().isoformat() for day in range(DAYS)}
SUNDAY = "2026-03-29"
METRICS = ("requests", "error_rate", "response_time_mean", "response_time_p95")


def requests(name: str, count: int = 3_000, first: datetime = FIRST, length: float = DAYS) -> pl.DataFrame:
    """So many requests, spread evenly over days."""
    apart = timedelta(days=length) / count
    return pl.DataFrame(
        {
            "ts": [first + number * apart for number in range(count)],
            "event_id": [f"{name}{number}" for number in range(count)],
            "endpoint": [["/a", "/b", None][number % 3] for number in range(count)],
            "provider": [["openai", "mistral"][number % 2] for number in range(count)],
            "status_code": [500 if number % 7 == 0 else 200 for number in range(count)],
            "duration_ms": [float(number * number % 1013) for number in range(count)],
        },
        schema_overrides={"ts": pl.Datetime("us", "UTC"), "status_code": KINDS["request"].schema["status_code"]},
    )


def stored(home: Path, name: str, events: pl.DataFrame) -> Path:
    """A file of requests, stored."""
    path = home.parent / f"request-{name}.parquet"
    events.write_parquet(path)
    report = ingest([path], Settings(home=home), now=lambda: END)
    assert report.stored == events.height, report.files
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Five days of requests; none of them is added up."""
    stored(tmp_path / "home", "first", requests("e"))
    return tmp_path / "home"


def added_up(home: Path, days: float = inf) -> int:
    """What upkeep adds up when all days are over."""
    return add_up(Lake(home), END.date(), days)


def views_read(home: Path, query: Query) -> set[str]:
    """The views of rollups that an answer reads."""
    statements = Engine(Settings(home=home), exact_up_to=0).plan(query).statements
    return {relation.name for one in statements for relation in one.relations if relation.schema_name == "rollups"}


def answered(home: Path, query: Query) -> pl.DataFrame:
    """The answer, of which quantiles are never exact."""
    return Engine(Settings(home=home), exact_up_to=0).answer(query).frame


def assert_answers_are_those_of_events(home: Path, *, tz: str = "UTC") -> None:
    """Of totals, days and months, with and without dimensions."""
    engine = Engine(Settings(home=home), exact_up_to=0)
    openai = Filter(dimension="provider", values=("openai",))
    for grain in (Grain.NONE, Grain.HOUR, Grain.DAY, Grain.WEEK, Grain.MONTH):
        for by, filters in (((), ()), (("endpoint",), ()), ((), (openai,))):
            query = Query(metrics=METRICS, window=WINDOW, grain=grain, by=by, filters=filters, tz=tz)
            found, events = engine.answer(query).frame, engine.answer(query.model_copy(update={"raw": True})).frame
            assert_frame_equal(found.drop("response_time_p95"), events.drop("response_time_p95"), rel_tol=1e-9)
            assert_frame_equal(found, events, rel_tol=0.02, abs_tol=0.1)  # bins of 0.4 % between few values


def test_days_that_are_over_are_added_up_once(home: Path) -> None:
    last = (END - timedelta(days=1)).date()
    assert add_up(Lake(home), last, inf) == DAYS - 1
    assert add_up(Lake(home), last, inf) == 0
    assert known_by_sums(Lake(home), "request") == ALL - {last.isoformat()}
    assert_rollups_agree(Lake(home))


def test_the_newest_days_come_first_and_only_so_many_at_a_time(home: Path) -> None:
    assert added_up(home, 2) == 2
    assert known_by_sums(Lake(home), "request") == {"2026-03-30", "2026-03-31"}
    assert_answers_are_those_of_events(home)


def test_how_many_are_added_up_together_makes_no_difference(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adding_up, "TOGETHER", 2)
    assert added_up(home) == DAYS
    assert_rollups_agree(Lake(home))


@pytest.mark.parametrize("tz", ["UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_answers_are_those_of_events_in_any_zone(home: Path, tz: str) -> None:
    added_up(home)
    assert_answers_are_those_of_events(home, tz=tz)


def test_whole_days_are_read_as_sums_and_cut_ones_by_hour(home: Path) -> None:
    query = Query(metrics=("response_time_p95",), window=WINDOW, grain=Grain.DAY)
    assert views_read(home, query) == {"request_duration/hour"}
    added_up(home)
    assert views_read(home, query) == {"request_duration/day", "request_duration/hour"}
    whole = query.model_copy(update={"window": Window(start=FIRST, end=END)})
    assert views_read(home, whole) == {"request_duration/day"}


@pytest.mark.parametrize(
    ("grain", "views"),
    [(Grain.DAY, {"hour"}), (Grain.WEEK, {"day", "hour"}), (Grain.NONE, {"day"}), (Grain.HOUR, {"hour"})],
)
def test_days_that_lie_in_two_buckets_are_read_by_hour(home: Path, grain: Grain, views: set[str]) -> None:
    added_up(home)
    query = Query(metrics=("requests",), window=Window(start=FIRST, end=END), grain=grain, tz="Europe/Berlin")
    assert views_read(home, query) == {f"request_counts/{view}" for view in views}


def test_a_day_that_got_events_since_is_read_by_hour_until_it_is_added_up_again(home: Path) -> None:
    added_up(home)
    stored(home, "late", requests("late", 40, datetime(2026, 3, 29, 7, tzinfo=UTC), 0.1))
    assert known_by_sums(Lake(home), "request") == ALL - {SUNDAY}
    assert_answers_are_those_of_events(home)
    assert added_up(home) == 1
    assert_rollups_agree(Lake(home))
    assert_answers_are_those_of_events(home)


def test_what_takes_the_place_of_as_many_events_is_not_taken_for_them(home: Path) -> None:
    first = datetime(2026, 3, 29, 7, tzinfo=UTC)
    path = stored(home, "wrong", requests("wrong", 40, first, 0.1))
    added_up(home)
    forget(Settings(home=home), str(path), now=lambda: END)
    assert_answers_are_those_of_events(home)
    stored(home, "right", requests("right", 40, first, 0.1).with_columns(pl.col("duration_ms") + 5_000))
    assert_answers_are_those_of_events(home)
    assert added_up(home) == 1
    assert_rollups_agree(Lake(home))


@pytest.mark.parametrize("lost", ["request_counts", "request_duration"])
def test_a_rollup_that_was_lost_does_not_count_as_added_up(home: Path, tmp_path: Path, lost: str) -> None:
    added_up(home)
    Lake(home).rollup(lost).root.rename(tmp_path / "lost")
    make_anew(Lake(home))
    assert_answers_are_those_of_events(home)
    maintain(Settings(home=home), now=lambda: END, most_completed=1)
    assert_answers_are_those_of_events(home)
    maintain(Settings(home=home), now=lambda: END)
    assert known_by_sums(Lake(home), "request") == ALL
    assert_rollups_agree(Lake(home))


class Killed(BaseException):
    """The process ends here."""


def test_cut_off_anywhere_days_are_known_once_every_view_knows_them(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added_up(home, 2)
    stored(home, "late", requests("late", 40, END - timedelta(hours=20), 0.1))
    with monkeypatch.context() as patched:
        put_in, done = adding_up._put_in, list[str]()  # pyright: ignore[reportPrivateUsage]

        def killed(table: object, rollup: object, days: object) -> None:
            if done:
                raise Killed
            done.append("")
            put_in(table, rollup, days)  # pyright: ignore[reportArgumentType]

        patched.setattr(adding_up, "_put_in", killed)
        with pytest.raises(Killed):
            added_up(home)
    assert_answers_are_those_of_events(home)
    assert added_up(home) == DAYS - 1
    assert_rollups_agree(Lake(home))


def test_closed_days_are_added_up_and_answer_as_before(home: Path) -> None:
    settings = Settings.model_validate({"home": home, "lake": {"retention_days": 2, "rollup_days": 900}})
    whole = Window(start=FIRST, end=END)
    queries = [Query(metrics=METRICS, window=whole, grain=grain) for grain in (Grain.NONE, Grain.DAY)]
    before = [answered(home, query) for query in queries]
    maintain(settings, now=lambda: END)
    for query, wanted in zip(queries, before, strict=True):
        assert views_read(home, query) == {"request_counts/day", "request_duration/day"}
        assert_frame_equal(answered(home, query), wanted, rel_tol=1e-9)


def test_what_retention_drops_goes_from_sums_too(home: Path) -> None:
    added_up(home)
    maintain(Settings.model_validate({"home": home, "lake": {"retention_days": 2}}), now=lambda: END)
    lake = Lake(home)
    for rollup in (one for one in ROLLUPS.values() if one.kind == "request" and one.sums):
        table = lake.rollup(rollup.name)
        days = pl.read_parquet(table.files(view="day"), hive_partitioning=False)["bucket"].dt.date().unique()
        assert sorted(map(str, days)) == sorted(ALL)[-2:]
