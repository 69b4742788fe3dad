"""Anomalies of every series that is no plain one: what must be found, and what must not be taken for one."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from metrics.insights import detect
from metrics.insights.anomalies import METHODS, Findings, TooShort, UnusableSeries, findings
from tests.metrics.insights.made_up import DAY, HOUR, MONDAY, Floats, frame, hours, uneven, working

PAGE = Path(__file__).parents[4] / "docs" / "anomalies.md"
WEEKS = 8
PAST = hours(7 * WEEKS)
USUAL = uneven(working(PAST))
AT = 6 * 168 + 34
"""Tuesday of the seventh week, at ten."""


def events_since(found: Findings, column: int, past: list[datetime] = PAST) -> list[str]:
    return found.events.filter(pl.col("start") >= past[column])["kind"].to_list()


def changed(values: Floats, first: int, end: int, factor: float) -> Floats:
    values = values.copy()
    values[first:end] *= factor
    return values


def test_it_gives_what_was_expected_and_how_far_off_each_bucket_is() -> None:
    found = detect(frame(PAST, USUAL))
    assert found.columns == ["ts", "value", "expected", "low", "high", "score", "is_anomaly"]
    assert found["ts"].to_list() == PAST
    rows = found[AT : AT + 48]
    truth = working(PAST)[AT : AT + 48]
    assert float(np.abs(rows["expected"].to_numpy() / truth - 1).mean()) < 0.1
    assert (rows["low"] < rows["expected"]).all()
    assert (rows["expected"] < rows["high"]).all()


@pytest.mark.parametrize(
    ("method", "factor", "kind"), [*((method, 2.5, "high") for method in METHODS), ("auto", 0.1, "low")]
)
def test_a_spike_is_found_by_every_method_and_a_drop_by_the_first(method: str, factor: float, kind: str) -> None:
    found = findings(frame(PAST, changed(USUAL, AT, AT + 1, factor)), method=method)
    assert found.frame["is_anomaly"][AT]
    assert found.events.filter(pl.col("start") == PAST[AT])["kind"].to_list() == [kind]


def test_a_higher_sensitivity_gives_more_alerts() -> None:
    low, medium, high = (findings(frame(PAST, USUAL), each).events.height for each in ("low", "medium", "high"))
    assert low <= medium < high
    assert medium <= 1.5 * WEEKS


@settings(max_examples=6, deadline=None)
@given(end=st.integers(80, len(PAST)), method=st.sampled_from(METHODS[:1] * 3 + METHODS[2:]))
def test_what_comes_later_changes_no_earlier_row(end: int, method: str) -> None:
    values = changed(changed(USUAL, AT, AT + 3, 4.0), 5 * 168, 5 * 168 + 60, 0.3)
    whole = detect(frame(PAST, values), method=method)
    assert_frame_equal(detect(frame(PAST[:end], values[:end]), method=method), whole[:end], check_exact=True)


def test_a_new_level_is_one_event_and_usual_after_a_day() -> None:
    found = findings(frame(PAST, changed(USUAL, AT, len(PAST), 2.0)), "low")
    assert events_since(found, AT) == ["level shift"]
    (event,) = found.events.filter(pl.col("start") >= PAST[AT]).to_dicts()
    assert event["start"] <= PAST[AT] + 2 * HOUR
    assert event["end"] - event["start"] <= timedelta(days=1)
    later = found.frame[AT + 48 :]
    assert float((later["expected"].to_numpy() / (2 * working(PAST)[AT + 48 :])).mean()) == pytest.approx(1, abs=0.15)


def test_what_falls_silent_for_days_is_one_event_and_so_is_its_return() -> None:
    found = findings(frame(PAST, changed(USUAL, AT, AT + 4 * 24, 0.0)), "low")
    assert events_since(found, AT)[:2] == ["level shift", "level shift"]
    assert len(events_since(found, AT)) <= 3


def test_days_of_another_shape_are_one_event() -> None:
    monday, by_day = 6 * 168, working(PAST)
    by_night = np.roll(by_day.reshape(-1, 24), 12, axis=1).ravel()
    values = uneven(np.where(np.arange(len(PAST)) < monday, by_day, by_night))
    kinds = events_since(findings(frame(PAST, values), "low"), monday)
    assert kinds[0] == "changed shape"
    assert len(kinds) <= 3


def test_nine_o_clock_stays_nine_o_clock_when_clocks_change() -> None:
    moments = hours(42, datetime(2026, 3, 2, tzinfo=UTC))
    values = uneven(working(moments, "Europe/Berlin"), 0.03)
    after = 27 * 24  # the clocks are put forward in the night to the 29th of March
    local = findings(frame(moments, values), "low", tz="Europe/Berlin")
    assert events_since(local, after, moments) == []
    assert events_since(findings(frame(moments, values), "low"), after, moments) != []


def test_rare_events_are_no_anomalies_and_many_at_once_are() -> None:
    counts = np.random.default_rng(3).poisson(0.1, len(PAST)).astype(np.float64)
    counts[AT] = 9
    found = findings(frame(PAST, counts))
    assert found.frame["is_anomaly"][AT]
    assert found.events.filter(pl.col("start") > PAST[2 * 168]).height <= 6


@pytest.mark.parametrize("value", [0.0, 5.0, -5.0])
def test_what_never_changes_is_quiet_until_it_does(value: float) -> None:
    values = np.full(len(PAST), value)
    assert not findings(frame(PAST, values)).frame["is_anomaly"].any()
    values[AT] += 1
    found = findings(frame(PAST, values)).frame
    assert found.filter("is_anomaly")["ts"].to_list() == [PAST[AT]]


def test_a_trend_is_no_anomaly() -> None:
    values = uneven(working(PAST) * np.linspace(1, 3, len(PAST)), 0.05)
    assert findings(frame(PAST, values)).events.height <= 1.5 * WEEKS
    assert len(events_since(findings(frame(PAST, values), "low"), 2 * 168)) <= 3


def test_negative_values_are_watched_too() -> None:
    values = uneven(working(PAST)) - 150
    values[AT] -= 120
    assert findings(frame(PAST, values)).frame["is_anomaly"][AT]


def test_a_gap_is_no_anomaly_and_what_comes_after_it_neither() -> None:
    gone = slice(AT, AT + 60)
    values = USUAL.copy()
    values[gone] = np.nan
    found = findings(frame(PAST, values), "low")
    assert found.frame["value"][gone].is_null().all()
    assert found.frame["score"][gone].is_null().all()
    assert events_since(found, AT) == []
    assert "60 of 1,344 buckets hold no data" in found.remarks


def test_the_bucket_that_is_not_over_is_left_out() -> None:
    values = changed(USUAL, AT, AT + 1, 0.1)
    series = frame(PAST[: AT + 1], values[: AT + 1])
    half = PAST[AT] + HOUR / 2
    assert detect(series)["is_anomaly"][-1]
    found = detect(series, until=half)
    assert found["ts"][-1] == PAST[AT - 1]
    assert not found["is_anomaly"][-1]


@pytest.mark.parametrize(
    ("length", "width", "more"),
    [(30, HOUR, "2 days"), (72, HOUR, "1 day"), (10, DAY, "5 days"), (96, HOUR / 4, "2 days")],
)
def test_too_short_a_history_says_how_much_more_it_takes(length: int, width: timedelta, more: str) -> None:
    moments = [MONDAY + n * width for n in range(length)]
    with pytest.raises(TooShort, match=f"it needs {more} more$"):
        detect(frame(moments, np.ones(length)))


def test_before_two_weeks_hours_of_the_day_are_known_and_that_is_said() -> None:
    past = hours(8)
    values = uneven(np.array([(100.0 if 9 <= one.hour < 17 else 10.0) for one in past]), 0.05)
    values[7 * 24 + 3] = 100
    found = findings(frame(past, values))
    assert found.frame["score"][:72].is_null().all()
    assert not found.frame["is_anomaly"][:72].any()
    assert found.frame["is_anomaly"][7 * 24 + 3]
    assert not found.frame["is_anomaly"][7 * 24 + 10]
    assert "days of the week cannot be told apart yet: that needs 6 days more" in found.remarks


def test_days_are_watched_by_their_place_in_the_week() -> None:
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(120)]
    values = uneven(np.array([30.0 if day.weekday() >= 5 else 100.0 for day in days]), 0.05)
    values[100] = 250
    found = detect(pl.DataFrame({"ts": days, "value": values}), "low", tz="Europe/Berlin")
    assert found["ts"].to_list() == days
    assert found["is_anomaly"][100]
    assert found["is_anomaly"][60:].sum() <= 5


@pytest.mark.parametrize(
    ("sensitivity", "method", "said"),
    [
        ("extreme", "auto", "there is no sensitivity 'extreme'; there are low, medium, high"),
        ("low", "forest", "there is no method 'forest'; there are auto, isolation-forest, one-class-svm"),
    ],
)
def test_what_is_not_there_says_what_is(sensitivity: str, method: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        detect(frame(PAST, USUAL), sensitivity, method)


@pytest.mark.parametrize("width", [timedelta(days=7), timedelta(hours=5)])
def test_buckets_that_no_day_is_made_of_are_refused(width: timedelta) -> None:
    moments = [MONDAY + n * width for n in range(60)]
    with pytest.raises(UnusableSeries, match="anomalies are found in days, or in buckets that make up a day"):
        detect(frame(moments, np.ones(60)))


def test_the_script_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = re.findall(r"<!-- detect -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(script, {})
    assert "is_anomaly" in capsys.readouterr().out


def test_every_method_is_on_the_page() -> None:
    listed = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert set(listed) == set(METHODS)
