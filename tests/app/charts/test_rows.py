"""Rows with their writing above them: bars, bands, funnels and uptime."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from app import theme
from app.charts import bars, funnel, ratings, uptime
from app.charts.axis import TimeAxis
from app.charts.picture import Picture
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 1, tzinfo=UTC)
AXIS = TimeAxis(Window(start=START, end=START + timedelta(days=2)), grain=Grain.DAY)
COSTS = pl.DataFrame({"provider": ["a", "b", None], "cost": [1.0, 4.0, 2.0]})
STEPS = pl.DataFrame(
    {
        "step": ["/", "/pay"], "users": [10, 4], "conversion": [None, 40.0], "overall": [100.0, 40.0],
        "median_seconds": [None, 63.0],
    }
)  # fmt: skip
VITALS = pl.DataFrame(
    {"name": ["LCP", "CLS"], "good": [70.0, 98.0], "needs_improvement": [20.0, 2.0], "poor": [10.0, 0.0],
     "p75": ["2.4 s", "0.08"]}
)  # fmt: skip
DAYS = pl.DataFrame(
    {
        "component": ["database"] * 2 + ["cache"] * 2, "time": [START, START + timedelta(days=1)] * 2,
        "uptime": [100.0, 98.0, 99.2, None], "overall": [99.0, 99.0, 99.2, 99.2],
    },
    schema_overrides={"time": pl.Datetime("us", "UTC")},
)  # fmt: skip
CASES: dict[str, tuple[Callable[[pl.DataFrame, TimeAxis], Picture], pl.DataFrame]] = {
    "ranked": (bars.ranked, COSTS),
    "funnel": (funnel.steps, STEPS),
    "ratings": (ratings.bands, VITALS),
    "uptime": (uptime.strips, DAYS),
}


def written(picture: Picture) -> list[tuple[str, str]]:
    """What is written above each row, left and right."""
    texts = [note["text"] for note in layout(picture)["annotations"]]
    return list(zip(texts[::2], texts[1::2], strict=True))


def test_names_and_figures_stand_above_the_rows_in_their_order() -> None:
    assert written(bars.ranked(COSTS, AXIS)) == [("b", "$4.00"), ("(none)", "$2.00"), ("a", "$1.00")]
    assert written(funnel.steps(STEPS, AXIS)) == [
        ("<b>/</b>", "10 users"),
        ("<b>/pay</b>", "4 · 40.0 % · after 1 min"),
    ]
    assert written(ratings.bands(VITALS, AXIS)) == [("LCP", "P75 <b>2.4 s</b>"), ("CLS", "P75 <b>0.08</b>")]
    assert written(uptime.strips(DAYS, AXIS)) == [("database", "<b>99.00 %</b>"), ("cache", "<b>99.20 %</b>")]


@pytest.mark.parametrize("case", CASES)
def test_marks_lie_below_their_writing_and_above_the_next(case: str) -> None:
    draw, frame = CASES[case]
    picture = draw(frame, AXIS)
    mark = traces(picture)[0]
    first = mark["y0"] if mark["type"] == "heatmap" else mark["y"][0]
    assert 0.5 < first < 1
    assert [note["y"] for note in layout(picture)["annotations"]][:4] == [0, 0, 1, 1]
    assert layout(picture)["yaxis"]["range"][1] == 0, "the first row is on top"


@pytest.mark.parametrize("case", CASES)
def test_the_writing_can_be_read_on_both_backgrounds(case: str) -> None:
    draw, frame = CASES[case]
    assert {note["font"]["color"] for note in layout(draw(frame, AXIS))["annotations"]} == {theme.INK}


@pytest.mark.parametrize("case", CASES)
def test_more_rows_make_a_taller_figure(case: str) -> None:
    draw, frame = CASES[case]
    group = frame.columns[0]
    many = pl.concat([frame.with_columns(pl.format("{} {}", pl.lit(n), group).alias(group)) for n in range(4)])
    assert layout(draw(many, AXIS))["height"] > layout(draw(frame, AXIS))["height"]


def test_a_bar_can_be_clicked_and_the_rest_has_no_value() -> None:
    many = pl.DataFrame({"provider": [f"p{n:02}" for n in range(30)], "cost": [float(n + 1) for n in range(30)]})
    (bar,) = traces(bars.ranked(many, AXIS))
    assert bar["customdata"][0] == ["p29"]
    assert bar["customdata"][-1] == []
    assert len(bar["x"]) == bars.MOST_RANKED + 1


def test_a_funnel_shows_who_did_not_get_to_a_step() -> None:
    drawn = named(funnel.steps(STEPS, AXIS))
    assert (drawn["got there"]["x"], drawn["did not"]["x"]) == ([10, 4], [0, 6])


def test_the_worst_days_have_a_mark_beside_their_color() -> None:
    strip, *_, points = traces(uptime.strips(DAYS, AXIS))
    assert strip["text"] == [["", "×"], ["–", ""]]
    assert points["text"][:2] == ["database: 100.000 %", "database: 98.000 %"]


def test_the_shares_of_ratings_are_written_where_they_have_room() -> None:
    drawn = named(ratings.bands(VITALS, AXIS))
    assert drawn["good"]["text"] == ["70 %", "98 %"]
    assert drawn["needs improvement"]["text"] == ["20 %", ""]
    assert "LCP 70 % good, 10 % poor, 75th percentile 2.4 s" in ratings.bands(VITALS, AXIS).alt
