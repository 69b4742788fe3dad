"""Days are kept by kind, sums longer than events; what only events could tell of a closed day is no data, not zero."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from app.commands.outcome import invalid
from app.verification import verify
from metrics.engine import DataFreshness, Engine, Filter, Grain, Query, Result, Window
from metrics.events import KINDS
from metrics.lake.ingest import ingest
from metrics.lake.ledger import FileOutcome
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep import retention
from metrics.lake.upkeep.closed import closed_days
from metrics.lake.upkeep.maintenance import maintain
from metrics.settings import EVENT_KINDS, SPAN, Settings
from tests.metrics.engine.stored import store

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 21, 9, 30, tzinfo=UTC)
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 20
KEPT = 7
CLOSED_UNTIL = datetime(2026, 3, 14, tzinfo=UTC)
"""The first midnight from which all events are there."""
A_DAY = 48


def requests(days: range, prefix: str = "r") -> pl.DataFrame:
    numbers = [day * A_DAY + place for day in days for place in range(A_DAY)]
    return pl.DataFrame(
        {
            "ts": [FIRST + timedelta(minutes=30 * number, seconds=7) for number in numbers],
            "event_id": [f"{prefix}{number}" for number in numbers],
            "user_id": [f"u{number % 11}" for number in numbers],
            "session_id": [f"s{number // 4}" for number in numbers],
            "endpoint": [f"/{number % 3}" for number in numbers],
            "method": [("GET", "POST")[number % 2] for number in numbers],
            "status_code": [500 if number % 10 == 0 else 200 for number in numbers],
            "duration_ms": [10.0 + number % 97 for number in numbers],
        }
    )


def interactions(days: range) -> pl.DataFrame:
    return requests(days, "i").with_columns(page=pl.col("endpoint")).drop("status_code", "duration_ms", "method")


def errors(days: range) -> pl.DataFrame:
    return requests(days, "e").select("ts", "event_id", error_id="event_id", error_type=pl.lit("timeout"))


def settings_of(home: Path, **lake: object) -> Settings:
    return Settings.model_validate({"home": home, "lake": lake})


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A home of twenty days."""
    store(tmp_path, "request", requests(range(DAYS)))
    store(tmp_path, "interaction", interactions(range(DAYS)))
    store(tmp_path, "error", errors(range(DAYS)))
    return tmp_path


@pytest.fixture
def closed(whole: Path) -> Settings:
    """The same, of which events are kept for a week and sums for a year."""
    settings = settings_of(whole, retention_days=KEPT, rollup_days=365, vacuum_grace_hours=0)
    assert maintain(settings, now=lambda: NOW).dropped == 3 * 13
    return settings


def asked(home: Path, *metrics: str, grain: Grain = Grain.NONE, raw: bool = False, **more: object) -> Result:
    window = more.pop("window", Window(start=FIRST, end=FIRST + DAYS * DAY))
    query = Query.model_validate({"metrics": metrics, "window": window, "grain": grain, "raw": raw, **more})
    return Engine(Settings(home=home)).answer(query)


ROLLED = ("requests", "error_rate", "response_time_mean", "page_views", "users_active", "sessions")


@pytest.mark.parametrize("grain", [Grain.NONE, Grain.DAY, Grain.HOUR])
@pytest.mark.parametrize("by", [(), ("endpoint",)])
def test_sums_are_as_they_were_before_the_events_went(whole: Path, grain: Grain, by: tuple[str, ...]) -> None:
    metrics = ROLLED if not by else ("requests", "error_rate")
    before = asked(whole, *metrics, grain=grain, by=by).frame
    maintain(settings_of(whole, retention_days=KEPT, rollup_days=365), now=lambda: NOW)
    found = asked(whole, *metrics, grain=grain, by=by)
    assert_frame_equal(found.frame, before)
    assert found.dropped == {}
    assert min(file.min_ts for file in Lake(whole).events("request").snapshot.files if file.min_ts) >= CLOSED_UNTIL


def test_percentiles_of_closed_days_come_from_bins(closed: Settings) -> None:
    found = asked(closed.home, "response_time_p95", grain=Grain.DAY)
    assert found.source == "rollup request_duration"
    exact = requests(range(DAYS)).group_by(pl.col("ts").dt.date()).agg(pl.col("duration_ms").quantile(0.95, "linear"))
    wanted = exact.sort("ts")["duration_ms"].to_list()
    assert found.frame["response_time_p95"].to_list() == pytest.approx(wanted, rel=0.005)


def test_what_only_events_tell_is_no_data_and_says_why(closed: Settings) -> None:
    everything = asked(closed.home, "requests", filters=(Filter(dimension="user_id", values=("u1",)),))
    assert everything.frame["requests"].to_list() == [None]
    assert everything.dropped["requests"] == (
        "the `request` events of 2026-03-01 to 2026-03-13 were dropped on 2026-03-21 (lake.retention_days): "
        "their sums do not tell this"
    )


def test_only_buckets_of_closed_days_are_without_data(closed: Settings) -> None:
    user = (Filter(dimension="user_id", values=("u1",)),)
    found = asked(closed.home, "requests", grain=Grain.DAY, filters=user).frame
    wanted = requests(range(DAYS)).filter(pl.col("user_id") == "u1").group_by(pl.col("ts").dt.date()).len().sort("ts")
    assert found["requests"].to_list() == [*[None] * 13, *wanted["len"].to_list()[13:]]
    week = Window(start=CLOSED_UNTIL, end=FIRST + DAYS * DAY)
    after = asked(closed.home, "requests", filters=user, window=week)
    assert (after.frame["requests"].item(), after.dropped) == (wanted["len"][13:].sum(), {})


def test_raw_is_no_data_over_closed_days_not_zero(closed: Settings) -> None:
    found = asked(closed.home, "requests", "errors_total", raw=True, grain=Grain.DAY).frame
    assert found["requests"].to_list() == [*[None] * 13, *[A_DAY] * 7]
    assert asked(closed.home, "errors_total", grain=Grain.DAY).frame["errors_total"].to_list()[:13] == [None] * 13


def test_who_is_new_is_not_known_of_events_alone_once_older_ones_went(closed: Settings) -> None:
    week = Window(start=CLOSED_UNTIL + DAY, end=FIRST + DAYS * DAY)
    get = (Filter(dimension="method", values=("GET",)),)
    found = asked(closed.home, "users_new", "requests", window=week, filters=get)
    assert found.frame.row(0) == (None, 6 * A_DAY // 2)
    assert list(found.dropped) == ["users_new"]
    assert asked(closed.home, "users_new", window=week).frame["users_new"].item() == 0


def test_a_window_that_cuts_an_hour_of_a_closed_day_has_the_whole_hours_within(closed: Settings) -> None:
    window = Window(start=FIRST + timedelta(hours=5, minutes=20), end=NOW)
    found = asked(closed.home, "requests", window=window)
    whole_hours = requests(range(DAYS)).filter(pl.col("ts") >= FIRST + timedelta(hours=6))
    assert found.frame["requests"].item() == whole_hours.height


def test_days_before_there_was_anything_are_empty_as_ever(closed: Settings) -> None:
    before = Window(start=FIRST - 5 * DAY, end=FIRST)
    user = (Filter(dimension="user_id", values=("u1",)),)
    found = asked(closed.home, "requests", window=before, filters=user)
    assert (found.frame["requests"].item(), found.dropped) == (None, {})


def test_verification_leaves_out_what_nothing_can_be_held_against(closed: Settings) -> None:
    found = verify(closed)
    assert found.differences == ()
    assert found.compared > 100


def outcome(home: Settings, path: Path) -> FileOutcome:
    (found,) = ingest([path], home, now=lambda: NOW).files
    return found


def test_a_closed_day_takes_in_nothing_more_and_says_why(closed: Settings, tmp_path: Path) -> None:
    path = tmp_path / "late.parquet"
    requests(range(11, 15), "late").write_parquet(path)
    found = outcome(closed, path)
    assert (found.read, found.stored, found.rejected) == (4 * A_DAY, 2 * A_DAY, 2 * A_DAY)
    assert "lake.retention_days" in found.reason
    assert "2026-03-21" in found.reason
    (kept,) = (closed.home / "rejected").glob("late.parquet-*/rows.parquet")
    assert '"event_id":"late528"' in pl.read_parquet(kept)["values"][0]
    per_day = asked(closed.home, "requests", grain=Grain.DAY).frame["requests"].to_list()
    assert per_day == [*[A_DAY] * 13, 2 * A_DAY, 2 * A_DAY, *[A_DAY] * 5]
    assert verify(closed).differences == ()


def test_older_events_of_days_that_are_not_closed_become_sums(whole: Path) -> None:
    settings = settings_of(whole, retention_days=KEPT, rollup_days=365)
    maintain(settings, now=lambda: NOW)
    store(whole, "request", requests(range(-3, 0), "older"))
    maintain(settings, now=lambda: NOW)
    window = Window(start=FIRST - 3 * DAY, end=FIRST + DAY)
    assert asked(whole, "requests", window=window).frame["requests"].item() == 4 * A_DAY
    assert len(closed_days(Lake(whole).events("request"))) == 16


def test_kinds_are_kept_as_long_as_each_is_to_be(whole: Path) -> None:
    settings = settings_of(whole, retention_days={"interaction": 3, "request": 10}, rollup_days=12)
    maintain(settings, now=lambda: NOW)
    lake = Lake(whole)
    days = {kind: len({file.path[:15] for file in lake.events(kind).snapshot.files}) for kind in KINDS}
    assert {kind: count for kind, count in days.items() if count} == {"request": 10, "interaction": 3, "error": 20}
    views = asked(whole, "page_views", "requests", grain=Grain.DAY).frame
    assert views["page_views"].to_list() == [*[None] * 8, *[A_DAY] * 12]
    assert views["requests"].to_list() == [*[None] * 8, *[A_DAY] * 12]
    assert len(closed_days(lake.events("interaction"))) == 9


def test_sums_go_when_their_time_is_over_and_the_day_is_as_if_it_had_never_been(closed: Settings) -> None:
    shorter = settings_of(closed.home, retention_days=KEPT, rollup_days=10)
    maintain(shorter, now=lambda: NOW)
    assert asked(closed.home, "requests", grain=Grain.DAY).frame["requests"].to_list() == [*[None] * 10, *[A_DAY] * 10]
    assert sorted(closed_days(Lake(closed.home).events("request"))) == ["2026-03-11", "2026-03-12", "2026-03-13"]
    assert Engine(shorter).answer(DataFreshness()).first == FIRST + 10 * DAY


def test_events_wait_until_every_sum_knows_them(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(whole)
    lake.rollup("interaction_counts").replace(lake.rollup("interaction_counts").snapshot.files, [], data_change=True)
    settings = settings_of(whole, retention_days=KEPT, rollup_days=365)
    maintain(settings, now=lambda: NOW, most_completed=A_DAY)
    assert len(closed_days(Lake(whole).events("interaction"))) == 0
    maintain(settings, now=lambda: NOW)
    assert len(closed_days(Lake(whole).events("interaction"))) == 13
    assert asked(whole, "page_views").frame["page_views"].item() == DAYS * A_DAY


@pytest.mark.parametrize("name", ["request_counts", "interaction_counts"])
def test_a_sum_that_was_lost_is_no_data_of_closed_days_and_made_anew_of_the_others(closed: Settings, name: str) -> None:
    shutil.rmtree(closed.home / "rollups" / name)
    metric = "requests" if name == "request_counts" else "page_views"
    for _ in range(2):
        maintain(closed, now=lambda: NOW)
        found = asked(closed.home, metric, grain=Grain.DAY)
        assert found.frame[metric].to_list() == [*[None] * 13, *[A_DAY] * 7]
        assert list(found.dropped) == [metric]


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("commits", range(6))
def test_cut_off_anywhere_every_answer_is_right_or_none(
    whole: Path, commits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(whole, retention_days=KEPT, rollup_days=10)
    replace, done = Table.replace, [0]

    def replaced(table: Table, *arguments: object, **named: object) -> None:
        if done[0] == commits:
            raise Killed
        done[0] += 1
        replace(table, *arguments, **named)  # pyright: ignore[reportArgumentType]

    with monkeypatch.context() as cut, pytest.raises(Killed):
        cut.setattr(Table, "replace", replaced)
        maintain(settings, now=lambda: NOW)
    for names, grain in ((("requests", "page_views"), Grain.DAY), (("requests",), Grain.HOUR)):
        found = asked(whole, *names, grain=grain).frame
        for name in names:
            assert set(found[name][-7 * (24 if grain is Grain.HOUR else 1) :]) == {2 if grain is Grain.HOUR else A_DAY}
    maintain(settings, now=lambda: NOW)
    assert asked(whole, "requests", grain=Grain.DAY).frame["requests"].to_list() == [*[None] * 10, *[A_DAY] * 10]
    assert retention.closed_days(Lake(whole).events("request")).keys() == {"2026-03-11", "2026-03-12", "2026-03-13"}


def test_settings_name_every_kind_and_refuse_others() -> None:
    assert set(KINDS) == {*EVENT_KINDS, SPAN}
    with pytest.raises(ValueError, match="spam is no kind of events; expected some of request") as raised:
        settings_of(Path("x"), retention_days={"spam": 3})
    assert "retention_days" in invalid("settings", raised.value).sentence  # pyright: ignore[reportArgumentType]


def test_retention_by_kind_can_be_set_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMPTPILOT_LAKE__RETENTION_DAYS", json.dumps({"llm_call": 14, "request": 400}))
    lake = Settings(home=tmp_path).lake
    assert (lake.days_of_events("request"), lake.days_of_events("error"), lake.days_of_rollups("error")) == (400, 0, 0)
    monkeypatch.setenv("PROMPTPILOT_LAKE__RETENTION_DAYS", "30")
    assert Settings(home=tmp_path).lake.days_of_events("error") == 30


def test_spans_are_kept_for_days_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMPTPILOT_LAKE__RETENTION_DAYS", "30")
    assert Settings(home=tmp_path).lake.days_of_events("span") == 14
    monkeypatch.setenv("PROMPTPILOT_LAKE__SPAN_DAYS", "3")
    assert (Settings(home=tmp_path).lake.days_of_events("span"), Settings(home=tmp_path).lake.span_days) == (3, 3)
    with pytest.raises(ValueError, match=r"say lake\.span_days"):
        settings_of(tmp_path, retention_days={"span": 3})
