"""The heat map of error rates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from app import theme
from app.charts import heatmap
from app.charts.axis import TimeAxis
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, traces

START = datetime(2026, 3, 4, tzinfo=UTC)
AXIS = TimeAxis(Window(start=START, end=START + timedelta(hours=2)), grain=Grain.HOUR)


def cells(*rows: tuple[int, str | None, float | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(START + timedelta(hours=hour), *rest) for hour, *rest in rows],
        schema={
            "time": pl.Datetime("us", "UTC"), "endpoint": pl.String, "error_rate": pl.Float64, "requests": pl.Float64,
        },
        orient="row",
    )  # fmt: skip


def color_of(rate: float | None) -> str | None:
    grid = traces(heatmap.error_rates(cells((0, "/a", rate, 10.0)), AXIS))[0]
    level = grid["z"][0][0]
    if level is None:
        return None
    place = (level - grid["zmin"]) / (grid["zmax"] - grid["zmin"])
    return next(color for edge, color in reversed(grid["colorscale"]) if edge < place)


@pytest.mark.parametrize(
    ("rate", "color"),
    [
        (100.0, "#DC2626"),
        (5.01, "#DC2626"),
        (5.0, "#F59E0B"),
        (2.01, "#F59E0B"),
        (2.0, "#10B981"),
        (0.001, "#10B981"),
        (0.0, theme.NO_ERRORS[0]),
        (None, None),
    ],
)
def test_cells_have_the_colors_of_the_specification(rate: float | None, color: str | None) -> None:
    assert color_of(rate) == color


def test_a_cell_says_its_number_in_words_and_hostile_names_stay_text() -> None:
    picture = heatmap.error_rates(cells((0, "<i>/a</i>", 1.25, 400.0)), AXIS)
    assert traces(picture)[-1]["text"] == ["&lt;i&gt;/a&lt;/i&gt;<br>1.25 % of 400 requests"]
    assert layout(picture)["yaxis"]["ticktext"] == ["&lt;i&gt;/a&lt;/i&gt;"]


def test_a_click_on_a_cell_means_its_endpoint_and_its_time() -> None:
    points = traces(heatmap.error_rates(cells((0, "/a", 1.0, 5.0), (1, "/a", None, None), (1, None, 2.0, 1.0)), AXIS))[
        -1
    ]
    assert points["customdata"] == [
        ["/a", "2026-03-04T00:00:00+00:00", "2026-03-04T01:00:00+00:00"],
        [None, "2026-03-04T01:00:00+00:00", "2026-03-04T02:00:00+00:00"],
    ]


def test_the_busiest_endpoint_is_on_top_and_names_that_are_cut_alike_stay_apart() -> None:
    long = "/" + "x" * 50
    picture = heatmap.error_rates(
        cells((0, long + "a", 1.0, 5.0), (0, long + "b", 7.0, 50.0), (1, None, 0.0, 1.0)), AXIS
    )
    assert traces(picture)[0]["z"] == [[3, None], [1, None], [None, 0]]
    assert layout(picture)["yaxis"]["ticktext"][2] == "(none)"


def test_the_text_alternative_names_the_worst() -> None:
    alt = heatmap.error_rates(cells((0, "/a", 1.0, 5.0), (1, "/a", 7.5, 5.0)), AXIS).alt
    assert "Highest: 7.50 % at /a; 1 of 2 cells over 5 %." in alt


def grouped(*rows: tuple[int, str | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(START + timedelta(hours=hour), *rest) for hour, *rest in rows],
        schema={"time": pl.Datetime("us", "UTC"), "group": pl.String, "cost": pl.Float64},
        orient="row",
    )


def test_any_metric_is_a_grid_with_the_highest_row_on_top_and_gaps_where_nothing_is_known() -> None:
    picture = heatmap.values(grouped((0, "a", 1.0), (1, "a", None), (0, "<b>", 5.0), (1, None, None)), AXIS)
    grid, points = traces(picture)
    assert grid["z"] == [[5.0, None], [1.0, None], [None, None]]
    assert (grid["zmin"], grid["zmax"]) == (0.0, 5.0)
    assert layout(picture)["yaxis"]["ticktext"] == ["&lt;b&gt;", "a", "(none)"]
    assert points["text"] == ["&lt;b&gt;<br>$5.00", "a<br>$1.00"]
    assert points["customdata"][0] == ["<b>", "2026-03-04T00:00:00+00:00", "2026-03-04T01:00:00+00:00"]
    assert picture.alt == "Cost by group over time: $1.00 (pale) to $5.00 (deep); highest at <b>."


def test_a_cell_that_is_not_over_says_so() -> None:
    axis = replace(AXIS, until=START + timedelta(minutes=90))
    points = traces(heatmap.values(grouped((0, "a", 1.0), (1, "a", 0.5)), axis))[1]
    assert points["text"] == ["a<br>$1.00", "a<br>$0.50 so far"]


@pytest.mark.parametrize("rows", [(), ((0, "a", None),), ((0, "a", 0.0),)])
def test_a_grid_of_next_to_nothing_is_drawn(rows: tuple[tuple[int, str, float | None], ...]) -> None:
    grid = traces(heatmap.values(grouped(*rows), AXIS))[0]
    assert (grid["zmin"], grid["zmax"]) == (0.0, 1.0)


def test_a_bucket_in_which_nothing_came_keeps_its_room() -> None:
    grid = traces(heatmap.error_rates(cells((0, "/a", 1.0, 10.0), (3, "/a", 2.0, 10.0)), AXIS))[0]
    assert grid["x"] == [f"2026-03-04T0{hour}:00:00" for hour in range(4)]
    assert [level is None for level in grid["z"][0]] == [False, True, True, False]


@pytest.mark.parametrize(
    ("grain", "ends"),
    [
        (Grain.HOUR, ["2026-03-03T23:30:00", "2026-03-04T00:30:00"]),
        (Grain.DAY, ["2026-03-03T12:00:00", "2026-03-04T12:00:00"]),
        (Grain.MONTH, ["2026-02-13T12:00:00", "2026-03-16T12:00:00"]),
    ],
)
def test_a_bucket_alone_is_as_wide_as_it_lasts(grain: Grain, ends: list[str]) -> None:
    start = START if grain is not Grain.MONTH else START.replace(day=1)
    frame = cells((0, "/a", 1.0, 10.0)).with_columns(time=pl.lit(start).cast(pl.Datetime("us", "UTC")))
    picture = heatmap.error_rates(frame, replace(AXIS, grain=grain))
    assert traces(picture)[0]["x"] == ends
    assert layout(picture)["xaxis"]["range"] == ends
