"""The unit at the axis, in figures of any metric."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from app.charts import lines
from app.charts.axis import TimeAxis
from app.charts.words import without_common_end
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import Spec, layout, named

START = datetime(2026, 3, 1, tzinfo=UTC)
AXIS = TimeAxis(Window(start=START, end=START + timedelta(hours=2)), grain=Grain.HOUR)
TIMES = pl.Series("time", [START, START + timedelta(hours=1)], dtype=pl.Datetime("us", "UTC"))


def vertical(metric: str, *values: float | None, previous: float | None = None) -> Spec:
    frame = pl.DataFrame([TIMES, pl.Series(metric, values, dtype=pl.Float64)])
    if previous is not None:
        frame = frame.with_columns(pl.lit(previous).alias(f"{metric}__previous"))
    return layout(lines.area(frame, AXIS))["yaxis"]


@pytest.mark.parametrize(
    ("metric", "part", "written"),
    [
        ("cost", "tickprefix", "$"),
        ("error_rate", "ticksuffix", " %"),
        ("response_time_p95", "ticksuffix", " ms"),
        ("time_saved", "ticksuffix", " h"),
        ("mttr_mean", "ticksuffix", " min"),
    ],
)
def test_a_short_unit_is_written_at_each_tick(metric: str, part: str, written: str) -> None:
    assert vertical(metric, 1.0, 2.0)[part] == written


@pytest.mark.parametrize("metric", ["dau", "tokens", "requests"])
def test_counts_have_no_unit_at_the_axis(metric: str) -> None:
    assert not {"tickprefix", "ticksuffix"} & set(vertical(metric, 1.0, 2.0))


@pytest.mark.parametrize(
    ("longest", "written", "at"),
    [
        (45_000.0, ["0 s", "20 s", "40 s", "60 s"], 20_000),
        (600_000.0, ["0 min", "5 min", "10 min", "15 min"], 300_000),
        (36_000_000.0, ["0 h", "5 h", "10 h", "15 h"], 18_000_000),
    ],
)
def test_long_durations_are_counted_in_longer_units(longest: float, written: list[str], at: float) -> None:
    drawn = vertical("response_time_p95", 100.0, longest)
    assert drawn["ticktext"] == written
    assert drawn["tickvals"][1] == at


def test_the_period_before_counts_for_the_unit() -> None:
    assert vertical("response_time_p95", 100.0, None, previous=45_000.0)["ticktext"][1] == "20 s"


@pytest.mark.parametrize("values", [(0.0, 0.0), (None, None), (1e-5, 2e-5)])
def test_nothing_or_next_to_nothing_is_written_in_decimals(values: tuple[float | None, ...]) -> None:
    assert vertical("cost", *values)["tickformat"] == "~g"


def test_the_legend_leaves_out_what_all_titles_end_with() -> None:
    frame = pl.DataFrame([TIMES, pl.Series("dau", [5, 6]), pl.Series("wau", [9, 9]), pl.Series("mau", [20, None])])
    picture = lines.several(frame, AXIS)
    assert list(named(picture)) == ["Daily", "Weekly", "Monthly"]
    assert picture.alt.startswith("Daily active users, Weekly active users, Monthly active users over time.")


@pytest.mark.parametrize(
    ("titles", "left"),
    [
        (["NPS", "Customer satisfaction"], ["NPS", "Customer satisfaction"]),
        (["Errors", "Critical errors"], ["Errors", "Critical errors"]),
        (["Cost"], ["Cost"]),
        (["Cost", "Cost"], ["Cost", "Cost"]),
        ([], []),
    ],
)
def test_a_title_keeps_at_least_a_word(titles: list[str], left: list[str]) -> None:
    assert without_common_end(titles) == left
