"""A series that a rule watches, as the figure that the browser gets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go
import polars as pl
import pytest

from app import theme
from app.charts.axis import TimeAxis
from app.charts.watched import MAXIMUM_LINES, Moment, Span, Watch, series, spark
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 1, tzinfo=UTC)
AXIS = TimeAxis(Window(start=START, end=START + timedelta(hours=4)), grain=Grain.HOUR)
RULE = Watch("Error rate", "%", 2, 5.0, "> 5 % for 5m")
HOUR = timedelta(hours=1)


def frame(**instances: Sequence[float | None]) -> pl.DataFrame:
    rows = [
        (START + number * HOUR, name, value)
        for name, values in instances.items()
        for number, value in enumerate(values)
    ]
    schema = {"time": pl.Datetime("us", "UTC"), "instance": pl.String, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_the_threshold_runs_from_end_to_end_and_is_named() -> None:
    line = named(series(frame(a=[1, 7, 2]), AXIS, RULE))["threshold 5.00 %"]
    assert line["y"] == [5.0, 5.0]
    assert line["x"] == ["2026-03-01T00:00:00", "2026-03-01T04:00:00"]
    assert line["line"]["dash"] != "solid"


def test_a_rule_without_one_line_has_none() -> None:
    drawn = named(series(frame(a=[1, 2]), AXIS, Watch("Error rate", "%")))
    assert list(drawn) == ["a"]


def test_when_it_fired_is_shaded_and_barred_at_the_top() -> None:
    spans = (Span(START, START + HOUR, "pending"), Span(START + HOUR, START + 2 * HOUR, "firing", "<b>a</b>"))
    picture = series(frame(a=[6, 7, 2]), AXIS, replace(RULE, spans=spans))
    assert [shape["fillcolor"] for shape in layout(picture)["shapes"]] == [theme.PENDING_SPAN, theme.FIRING_SPAN]
    firing = named(picture)["firing"]
    assert firing["x"] == ["2026-03-01T01:00:00", "2026-03-01T02:00:00", None]
    assert firing["text"][0] == "&lt;b&gt;a&lt;/b&gt; firing 01 Mar 2026 01:00 – 02:00 (1 h)"
    assert picture.alt == (
        "Error rate over time: 2.00 % to 7.00 %, last 2.00 %. Threshold: > 5 % for 5m. Firing 1 times."
    )


def test_what_happened_is_marked_with_its_words() -> None:
    moments = (
        Moment(START, "told", "slack: <i>told</i>"),
        Moment(START, "acknowledged", "by ada"),
        Moment(START, "note", ""),
    )
    drawn = named(series(frame(a=[6]), AXIS, replace(RULE, moments=moments)))
    assert drawn["told"]["text"] == ["slack: &lt;i&gt;told&lt;/i&gt;"]
    assert "acknowledged" in drawn
    assert "note" not in drawn
    assert drawn["told"]["marker"]["symbol"] != drawn["acknowledged"]["marker"]["symbol"]


def test_of_many_instances_the_highest_are_drawn_and_that_is_said() -> None:
    many = {f"/{number:02d}": [float(number), 1.0] for number in range(30)}
    picture = series(frame(**many), AXIS, RULE)
    lines = [trace["name"] for trace in traces(picture) if trace["name"].startswith("/")]
    assert lines == [f"/{number}" for number in range(29, 29 - MAXIMUM_LINES, -1)]
    assert "Error rate of 30 instances, the 8 highest over time" in picture.alt


def test_the_band_that_a_rule_learned_is_drawn_behind_one_line() -> None:
    one = frame(a=[1, 2]).with_columns(low=pl.lit(0.5), high=pl.lit(1.5))
    drawn = traces(series(one, AXIS, RULE))
    assert [trace["name"] for trace in drawn][:3] == ["usual", "usual", "a"]
    assert drawn[1]["fill"] == "tonexty"
    two = frame(a=[1], b=[2]).with_columns(low=pl.lit(0.5), high=pl.lit(1.5))
    assert "usual" not in named(series(two, AXIS, RULE))


def test_a_gap_stays_a_gap_and_a_lonely_value_is_a_point() -> None:
    drawn = named(series(frame(a=[1, None, 3, None]), AXIS, RULE))["a"]
    assert drawn["y"] == [1, None, 3, None]
    assert drawn["mode"] == "lines+markers"


def test_plotly_accepts_every_property() -> None:
    spans = (Span(START, START + HOUR, "pending"), Span(START + HOUR, START + 2 * HOUR, "firing"))
    moments = tuple(Moment(START, kind, "x") for kind in theme.MOMENTS)
    full = replace(RULE, spans=spans, moments=moments)
    band = frame(a=[1, None, 2]).with_columns(low=pl.lit(0.5), high=pl.lit(1.5))
    for picture in (series(band, AXIS, full), spark((1.0, 2.0), RULE, on_dark=True)):
        go.Figure({"data": traces(picture), "layout": layout(picture)})


def test_nothing_at_all_can_be_drawn() -> None:
    picture = series(frame(), AXIS, RULE)
    assert "no data" in picture.alt


def test_a_name_stays_text() -> None:
    assert "&lt;b&gt;" in named(series(frame(**{"<b>": [1.0]}), AXIS, RULE))


@pytest.mark.parametrize(
    ("values", "said", "last"),
    [
        ((1.0, None, 7.3), "1.00 % to 7.30 %, last 7.30 %", 2),
        ((1.0, 7.3, None), "1.00 % to 7.30 %, last 7.30 %", 1),
        ((None, None), "no data", None),
        ((), "no data", None),
    ],
)
def test_a_spark_ends_in_a_point_at_the_newest_value(
    values: tuple[float | None, ...], said: str, last: int | None
) -> None:
    picture = spark(values, RULE, on_dark=False)
    assert picture.alt == f"Error rate, newest values: {said}. Threshold: > 5 % for 5m."
    assert named(picture).get("now", {}).get("x") == (None if last is None else [last])
    assert layout(picture)["height"] == theme.SPARK_HEIGHT
