"""A forecast of every series that is no plain one: what it must not be led astray by."""

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from metrics.insights import forecast
from metrics.insights.forecasting import MODELS, TooShort, UnusableSeries, outlook
from metrics.insights.forecasting.extras import MissingPackage
from metrics.zones import zone
from tests.metrics.insights.made_up import DAY, HOUR, MONDAY, Floats, frame, hours, uneven, working

PAGE = Path(__file__).parents[4] / "docs" / "forecasting.md"
OURS = [name for name in MODELS if name not in ("auto", "prophet", "lstm")]


def off(found: pl.DataFrame, expected: Floats) -> float:
    """Mean absolute error as a share of the mean."""
    return float(np.abs(found["value"].to_numpy() - expected).mean() / np.abs(expected).mean())


def test_it_gives_times_values_and_bands() -> None:
    past = hours(28)
    found = forecast(frame(past, uneven(working(past))), "7d")
    assert found.columns == ["ts", "value", "low_80", "high_80", "low_95", "high_95"]
    assert found["ts"].to_list() == hours(7, MONDAY + 28 * DAY)
    ordered = found.select("low_95", "low_80", "value", "high_80", "high_95")
    assert all((ordered[left] <= ordered[right]).all() for left, right in pairwise(ordered.columns))


@pytest.mark.parametrize("model", ["auto", *OURS])
def test_every_model_finds_a_week_that_repeats(model: str) -> None:
    past, ahead = hours(35), hours(7, MONDAY + 35 * DAY)
    assert off(forecast(frame(past, uneven(working(past), 0.02)), "7d", model), working(ahead)) < 0.06


@pytest.mark.parametrize("model", ["auto", *OURS])
def test_people_keep_the_hours_of_their_clocks_when_these_are_put_forward(model: str) -> None:
    start = datetime(2026, 2, 23, tzinfo=UTC)  # in Berlin, clocks go from two to three on March 29
    past, ahead = hours(33, start), hours(7, start + 33 * DAY)
    found = forecast(frame(past, working(past, "Europe/Berlin")), "7d", model, tz="Europe/Berlin")
    assert off(found, working(ahead, "Europe/Berlin")) < 0.03
    assert (
        off(forecast(frame(past, working(past, "Europe/Berlin")), "7d", model), working(ahead, "Europe/Berlin")) > 0.1
    )


def test_they_do_when_clocks_are_put_back() -> None:
    start = datetime(2026, 9, 21, tzinfo=UTC)
    past, ahead = hours(32, start), hours(7, start + 32 * DAY)
    found = forecast(frame(past, working(past, "Europe/Berlin")), "7d", tz="Europe/Berlin")
    assert off(found, working(ahead, "Europe/Berlin")) < 0.03


def test_local_days_of_23_and_25_hours_are_days() -> None:
    days = [datetime(2026, 2, 1, tzinfo=zone("Europe/Berlin")) + n * DAY for n in range(50)]
    values = np.array([5.0 if day.weekday() >= 5 else 20.0 for day in days])
    moments = [day.astimezone(UTC) for day in days]
    found = forecast(frame(moments, values), "14d", tz="Europe/Berlin")
    local = [moment.astimezone(zone("Europe/Berlin")) for moment in found["ts"].to_list()]
    assert [(one.hour, one.day) for one in local] == [(0, (datetime(2026, 3, 23) + n * DAY).day) for n in range(14)]  # noqa: DTZ001
    assert found["value"].to_list() == pytest.approx([5.0 if one.weekday() >= 5 else 20.0 for one in local])


@pytest.mark.parametrize("model", ["auto", *OURS])
def test_gaps_are_no_zeros(model: str) -> None:
    past, ahead = hours(42), hours(7, MONDAY + 42 * DAY)
    series = frame(past, working(past))
    generator = np.random.default_rng(3)
    holes = generator.random(len(past)) < 0.15
    holes[500:560] = True
    missing = series.filter(~pl.Series(holes)).sample(fraction=1.0, shuffle=True, seed=1)
    assert off(forecast(missing, "7d", model), working(ahead)) < 0.05
    nulls = series.with_columns(pl.when(pl.Series(holes)).then(None).otherwise(pl.col("value")).alias("value"))
    assert forecast(nulls, "7d", model).equals(forecast(missing, "7d", model))


def test_a_bucket_that_is_not_over_is_forecast_and_not_learned_from() -> None:
    past = hours(35)
    values = uneven(working(past))
    cut = values.copy()
    cut[-1] = 0.0
    until = past[-1] + timedelta(minutes=5)
    found = forecast(frame(past, cut), "1d", until=until)
    assert found["ts"][0] == past[-1]
    assert found.equals(forecast(frame(past[:-1], values[:-1]), "1d"))


@pytest.mark.parametrize("model", ["auto", *OURS])
def test_a_last_day_that_is_not_over_drags_nothing_down_though_nobody_said_so(model: str) -> None:
    days = [MONDAY + n * DAY for n in range(63)]
    values = uneven(np.full(63, 100.0), 0.05)
    values[-1] = 8.0
    found = forecast(frame(days, values), "14d", model)["value"].to_numpy()
    assert np.median(found) == pytest.approx(100, rel=0.1)


@pytest.mark.parametrize(
    ("length", "width", "more"), [(30, HOUR, "2 days"), (71, HOUR, "1 day"), (3, DAY, "4 days"), (6, DAY, "1 day")]
)
def test_too_short_a_history_says_how_much_more_it_takes(length: int, width: timedelta, more: str) -> None:
    series = frame([MONDAY + n * width for n in range(length)], np.arange(float(length)))
    with pytest.raises(TooShort, match=f"it needs {more} more$"):
        forecast(series, 7)


def test_before_two_weeks_hours_of_the_day_are_told_apart_and_it_is_said_when_days_of_the_week_will_be() -> None:
    past, ahead = hours(4), hours(1, MONDAY + 4 * DAY)
    found = outlook(frame(past, working(past)), "1d")
    assert off(found.frame, working(ahead)) < 0.05
    assert "days of the week cannot be told apart yet: that needs 10 days more" in found.remarks


@pytest.mark.parametrize("model", ["auto", *OURS])
@pytest.mark.parametrize("width", [HOUR, DAY])
def test_counts_with_many_zeros_have_no_negative_forecast(model: str, width: timedelta) -> None:
    values: Floats = np.tile([0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 0.0], 84 if width == HOUR else 6)
    many = len(values)
    found = forecast(frame([MONDAY + n * width for n in range(many)], values), 28, model)
    assert found.select(pl.min_horizontal(pl.exclude("ts")).min()).item() >= 0
    if model != "seasonal_naive":
        assert found["value"].mean() == pytest.approx(0.4, abs=0.25)


@pytest.mark.parametrize("model", ["auto", *OURS])
@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_what_never_changes_goes_on_without_a_doubt(model: str, value: float) -> None:
    found = forecast(frame(hours(21), np.full(21 * 24, value)), "2d", model)
    assert found.select(pl.exclude("ts")).to_numpy() == pytest.approx(value)


@pytest.mark.parametrize("model", ["auto", "ensemble", "profile", "theta", "ets", "mstl"])
def test_a_new_level_is_taken_on(model: str) -> None:
    past, ahead = hours(42), hours(7, MONDAY + 42 * DAY)
    values = uneven(working(past), 0.05)
    values[-9 * 24 :] *= 3
    assert off(forecast(frame(past, values), "7d", model), 3 * working(ahead)) < 0.2


@pytest.mark.parametrize("model", ["auto", "ensemble", "ets", "mstl"])
def test_a_trend_is_carried_on(model: str) -> None:
    past, ahead = hours(56), hours(7, MONDAY + 56 * DAY)
    rise = np.linspace(1, 3, 63 * 24)
    values = uneven(working(past) * rise[: len(past)], 0.05)
    expected = working(ahead) * rise[len(past) :]
    found = off(forecast(frame(past, values), "7d", model), expected)
    assert found < 0.1
    assert found < 0.9 * off(forecast(frame(past, values), "7d", "seasonal_naive"), expected)


def test_what_wanders_is_no_trend() -> None:
    days = [MONDAY + n * DAY for n in range(70)]
    values = 100 + np.random.default_rng(9).normal(0, 10, 70)
    found = forecast(frame(days, values), "28d")["value"].to_numpy()
    assert abs(found[-1] - found[6]) < 10


def test_a_holiday_goes_like_a_sunday() -> None:
    past, ahead = hours(42), hours(7, MONDAY + 42 * DAY)
    holiday = date(2026, 2, 18)  # a Wednesday
    found = forecast(frame(past, working(past)), "7d", holidays=[holiday])
    sunday = [moment for moment in ahead if moment.weekday() == 6]
    on_holiday = found.filter(pl.col("ts").dt.date() == holiday)["value"].to_numpy()
    assert on_holiday == pytest.approx(working(sunday), rel=0.02)
    weekday = found.filter(pl.col("ts").dt.date() == date(2026, 2, 19))["value"].to_numpy()
    assert weekday == pytest.approx(working(ahead[:24]), rel=0.02)


def test_a_holiday_in_the_past_makes_no_weekday_quieter() -> None:
    past, ahead = hours(28), hours(7, MONDAY + 28 * DAY)
    values = working(past)
    for n in (9, 16):  # two Wednesdays
        values[24 * n : 24 * n + 24] = working(hours(1, MONDAY + 6 * DAY))
    days = [(MONDAY + n * DAY).date() for n in (9, 16)]
    assert off(forecast(frame(past, values), "7d", "profile", holidays=days), working(ahead)) < 0.02
    assert off(forecast(frame(past, values), "7d", "profile"), working(ahead)) > 0.02


@pytest.mark.parametrize("kind", ["hours", "days"])
def test_an_80_percent_band_holds_about_80_percent(kind: str) -> None:
    held: list[bool] = []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        width, many, ahead = (HOUR, 42 * 24, 168) if kind == "hours" else (DAY, 91, 28)
        moments = [MONDAY + n * width for n in range(many + ahead)]
        chance = np.zeros(many + ahead)
        for n, one in enumerate(generator.normal(0, 0.2, many + ahead)):
            chance[n] = 0.6 * chance[n - 1] + one
        values = working(moments) * np.exp(chance)
        found = forecast(frame(moments[:many], values[:many]), ahead)
        held += pl.Series(values[many:]).is_between(found["low_80"], found["high_80"]).to_list()
    assert 0.74 < np.mean(held) < 0.87


def test_what_was_tried_is_a_table_with_the_best_first() -> None:
    past = hours(42)
    found = outlook(frame(past, uneven(working(past), 0.3)), "7d")
    assert found.tried.columns == ["model", "mae", "to_naive", "chosen"]
    assert found.tried["mae"].is_sorted()
    assert set(found.tried["model"]) == set(OURS)
    assert found.tried.filter("chosen")["model"].to_list() == [found.model]
    assert found.tried.filter(pl.col("model") == "seasonal_naive")["to_naive"].item() == 1


def test_it_is_said_where_nothing_beats_repeating_the_last_week() -> None:
    past = hours(42)
    # Every week is another one and comes twice.
    weeks = [np.random.default_rng(n // 2).lognormal(0, 1, 168) for n in range(6)]
    found = outlook(frame(past, np.concatenate([*weeks[:5], weeks[4]])), 84)
    said = "nothing that was tried beats repeating the last cycle on this series"
    assert (said in found.remarks) == (found.tried["to_naive"].min() == 1)
    steady = outlook(frame(past, uneven(working(past), 0.3)), "7d")
    assert said not in steady.remarks


def test_days_take_the_ensemble() -> None:
    days = [MONDAY + n * DAY for n in range(63)]
    assert outlook(frame(days, uneven(np.full(63, 9.0))), "7d").model == "ensemble"


def test_times_come_back_as_they_came() -> None:
    values = uneven(np.full(30, 9.0))
    days = [MONDAY + n * DAY for n in range(30)]
    dates = forecast(pl.DataFrame({"ts": [day.date() for day in days], "value": values}), "2d", tz="Asia/Tokyo")
    assert dates["ts"].to_list() == [date(2026, 2, 4), date(2026, 2, 5)]
    naive = forecast(pl.DataFrame({"ts": [day.replace(tzinfo=None) for day in days], "value": values}), 1)
    assert naive["ts"].to_list() == [datetime(2026, 2, 4)]  # noqa: DTZ001


def test_months_and_weeks_have_forecasts_too() -> None:
    months = [datetime(2023 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(36)]
    values = np.array([50.0 if month.month == 12 else 10.0 for month in months])
    found = forecast(frame(months, values), 12)
    assert found["ts"].to_list() == [datetime(2026, n + 1, 1, tzinfo=UTC) for n in range(12)]
    assert found["value"].to_list() == pytest.approx([10.0] * 11 + [50.0])
    weeks = [MONDAY + n * 7 * DAY for n in range(20)]
    assert forecast(frame(weeks, np.full(20, 3.0)), 2)["ts"].to_list() == [MONDAY + n * 7 * DAY for n in (20, 21)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"model": "astrology"}, "there is no model 'astrology'; there are auto, seasonal_naive"),
        ({"horizon": "soon"}, "'soon' is no length of time"),
        ({"horizon": 0}, "there must be between 1 and"),
        ({"levels": (100,)}, "a band holds more than 0 and less than 100 percent"),
        ({"tz": "Europe/Berln"}, "the nearest is 'Europe/Berlin'"),
    ],
)
def test_what_cannot_be_asked_is_said(wrong: dict[str, object], said: str) -> None:
    series = frame(hours(7), np.ones(7 * 24))
    with pytest.raises(ValueError, match=said):
        forecast(series, **({"horizon": "1d"} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (pl.DataFrame({"time": [1], "value": [1.0]}), "a series has the columns `ts` and `value`"),
        (pl.DataFrame({"ts": [1, 2], "value": [1.0, 2.0]}), "`ts` must be times or dates"),
        (pl.DataFrame({"ts": [date(2026, 1, 1)], "value": ["a"]}), "`value` must be numbers"),
        (pl.DataFrame({"ts": [date(2026, 1, 1)], "value": [1.0]}), "at least two values"),
        (frame([*hours(3), MONDAY], np.ones(73)), "2026-01-05 00:00 twice"),
        (frame([*hours(3), MONDAY + 3 * DAY + HOUR / 2], np.ones(73)), "does not lie on the grid of 1:00:00"),
    ],
)
def test_what_is_no_series_is_said(series: pl.DataFrame, said: str) -> None:
    with pytest.raises(UnusableSeries, match=said):
        forecast(series, 1)


@pytest.mark.parametrize(("model", "package"), [("prophet", "prophet"), ("lstm", "torch")])
def test_a_model_whose_package_is_missing_says_how_to_install_it(
    model: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(MissingPackage, match=rf"needs the package '{package}': pip install"):
        forecast(frame(hours(7), np.ones(7 * 24)), "1d", model)


def test_the_script_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (script,) = re.findall(r"<!-- forecast -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    exec(script, {})
    assert "low_80" in capsys.readouterr().out


def test_every_model_is_on_the_page() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert set(listed) == set(MODELS)
