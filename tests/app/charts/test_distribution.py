"""The distribution of response times."""

from datetime import UTC, datetime, timedelta
from math import log10

import polars as pl
import pytest

from app.charts import distribution
from app.charts.axis import Limit, TimeAxis
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import traces

START = datetime(2026, 3, 4, tzinfo=UTC)


def axis(**percentiles: float | None) -> TimeAxis:
    window = Window(start=START, end=START + timedelta(hours=2))
    return TimeAxis(window, grain=Grain.NONE, limit=Limit(200, "SLA"), percentiles=percentiles)


def bins(*rows: tuple[float, float, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"lower": pl.Float64, "upper": pl.Float64, "count": pl.Int64}, orient="row")


def test_a_bar_lies_between_the_logarithms_of_its_edges() -> None:
    (bar, *_) = traces(distribution.histogram(bins((10.0, 100.0, 3), (100.0, 1000.0, 1)), axis()))
    assert bar["x"] == pytest.approx([1.5, 2.5])
    assert bar["width"] == pytest.approx([1.0, 1.0])
    assert bar["text"][0] == "10 ms – 100 ms<br>3 requests, 75.00 %"


def test_percentiles_and_the_objective_are_lines_named_in_the_legend() -> None:
    picture = distribution.histogram(bins((10.0, 100.0, 3)), axis(p50=84.0, p95=188.0, p99=None))
    lines = {trace["name"]: trace["x"][0] for trace in traces(picture)[1:]}
    assert lines == pytest.approx({"P50 84 ms": log10(84), "P95 188 ms": log10(188), "SLA 200 ms": log10(200)})
    assert picture.alt == "Distribution of 3 response times. P50 84 ms, P95 188 ms, P99 –."


def test_times_of_zero_have_a_place() -> None:
    (bar, *_) = traces(distribution.histogram(bins((0.0, 0.001, 3)), axis()))
    assert bar["width"][0] > 0
