"""Bars over time."""

from datetime import UTC, datetime, timedelta

import polars as pl

from app.charts import bars, parts
from app.charts.axis import TimeAxis
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 4, 15, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
AXIS = TimeAxis(
    Window(start=START, end=START + timedelta(days=2)), grain=Grain.DAY, until=START + timedelta(days=1, hours=23)
)


def spend(*rows: tuple[int, str | None, float | None]) -> pl.DataFrame:
    midnight = START.replace(hour=0)
    return pl.DataFrame(
        [(midnight + timedelta(days=day), provider, cost) for day, provider, cost in rows],
        schema={"time": TIME, "provider": pl.String, "cost": pl.Float64},
        orient="row",
    )


def test_parts_add_up_to_the_whole_however_many_there_are() -> None:
    rows = [(day, f"provider-{number}", float(number)) for day in range(2) for number in range(20)]
    drawn = traces(bars.stacked(spend(*rows), AXIS))
    assert drawn[-1]["name"] == parts.OTHER
    assert sum(sum(trace["y"]) for trace in drawn) == 2 * sum(range(20))


def test_calls_without_a_provider_are_a_part() -> None:
    picture = bars.stacked(spend((0, None, 2.0), (0, "openai", 3.0)), AXIS)
    assert [trace["name"] for trace in traces(picture)] == ["openai", "(none)"]
    assert picture.alt == "Cost by provider, $5.00 in all: openai $3.00, (none) $2.00."


def test_a_bar_knows_the_value_to_filter_by_and_the_rest_has_none() -> None:
    rows = [(0, f"p{number}", float(9 - number)) for number in range(8)]
    drawn = traces(bars.stacked(spend(*rows), AXIS))
    assert drawn[0]["customdata"] == [["p0"]]
    assert "customdata" not in drawn[-1]


def test_neighbors_differ_in_pattern_and_a_provider_keeps_its_color() -> None:
    both = traces(bars.stacked(spend((0, "openai", 3.0), (0, "acme", 2.0)), AXIS))
    alone = traces(bars.stacked(spend((0, "openai", 3.0)), AXIS))
    assert both[0]["marker"]["pattern"]["shape"] != both[1]["marker"]["pattern"]["shape"]
    assert both[0]["marker"]["color"] == alone[0]["marker"]["color"]


def test_the_bar_of_a_day_that_begins_before_the_window_is_shown_whole() -> None:
    picture = bars.stacked(spend((0, "openai", 3.0)), AXIS)
    assert "range" not in layout(picture)["xaxis"]


def test_a_bar_that_is_not_over_is_pale_and_says_so() -> None:
    (drawn,) = traces(bars.stacked(spend((0, "openai", 3.0), (2, "openai", 1.0)), AXIS))
    over, filling = drawn["marker"]["opacity"]
    assert filling < over == 1
    assert drawn["text"] == ["$3.00", "$1.00 so far"]


def test_a_day_that_is_not_over_is_no_fall_of_the_line() -> None:
    days = [START.replace(hour=0) + timedelta(days=day) for day in range(3)]
    frame = pl.DataFrame({"time": days, "dau": [50, 60, 7], "users_new": [5, 6, 1]}, schema_overrides={"time": TIME})
    drawn = named(bars.growth(frame, AXIS))
    assert drawn["Daily active users"]["y"] == [50, 60]
    assert drawn["so far"]["y"] == [7]
    assert drawn["New users"]["y"] == [5, 6, 1]


def test_a_share_is_no_less_on_a_day_that_is_not_over() -> None:
    days = [START.replace(hour=0) + timedelta(days=day) for day in (0, 2)]
    frame = pl.DataFrame({"time": days, "error_rate": [2.0, 3.0]}, schema_overrides={"time": TIME})
    (drawn,) = traces(bars.several(frame, AXIS))
    assert (drawn["marker"]["opacity"], drawn["text"]) == ([1.0, 1.0], ["2.00 %", "3.00 %"])
