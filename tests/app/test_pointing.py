"""What somebody points at, and the view that is meant."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from app.charts.drawing import Drawing
from app.pointing import RANGE, meant, named_by
from app.state import View
from metrics.engine import Window
from metrics.engine.query import Filter

NAMED, UNNAMED = {"type": "scatter", "meta": [None]}, {"type": "scatter"}
STREAM = {"type": "sankey"}
BERLIN = View("7d", tz="Europe/Berlin", filters=(Filter(dimension="provider", values=("openai",)),))
DAY = ["2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]
OF_DAY = Window(start=datetime(2026, 3, 28, 23, tzinfo=UTC), end=datetime(2026, 3, 29, 22, tzinfo=UTC))


def clicked(*said: Any) -> dict[str, Any]:
    return {"points": [{"customdata": list(said)}], "box": []}


def dragged(*ends: str) -> dict[str, Any]:
    return {"points": [], "box": [{"xref": "x", "yref": "y", "x": list(ends), "y": [0, 1]}]}


@pytest.mark.parametrize(
    ("said", "marks", "window", "filters"),
    [
        (["/a"], ["endpoint"], "7d", {"provider": "openai", "endpoint": "/a"}),
        (["mistral"], ["provider"], "7d", {"provider": "mistral"}),
        ([None], ["provider"], "7d", {"provider": None}),
        (DAY, [RANGE], OF_DAY, {"provider": "openai"}),
        (["/a", *DAY], ["endpoint", RANGE], OF_DAY, {"provider": "openai", "endpoint": "/a"}),
    ],
)
def test_a_click_shows_what_its_mark_means(
    said: Sequence[str | None], marks: Sequence[str], window: str | Window, filters: dict[str, str | None]
) -> None:
    view = meant(clicked(*said), marks, BERLIN)
    assert view
    assert view.range == window
    assert {one.dimension: one.values[0] for one in view.filters} == filters


@pytest.mark.parametrize(
    "selection",
    [
        {}, {"points": [], "box": []}, {"points": [{"x": 1}]}, clicked(), clicked("/a", "too", "many", "values"),
        dragged("1.5", "2.5"),
    ],
)  # fmt: skip
def test_what_means_nothing_changes_nothing(selection: dict[str, Any]) -> None:
    assert meant(selection, ["endpoint"], BERLIN) is None


@pytest.mark.parametrize(
    ("traces", "by", "dimension"),
    [
        ([UNNAMED, NAMED], ["host"], "host"),
        ([STREAM], ["page"], "page"),
        ([UNNAMED], ["host"], ""),
        ([NAMED], ["host", "region"], ""),
        ([NAMED], [], ""),
    ],
)
def test_names_filter_by_the_one_dimension_whose_values_they_are(
    traces: Sequence[dict[str, Any]], by: Sequence[str], dimension: str
) -> None:
    assert named_by(Drawing(traces=[*traces]).figure(), by) == dimension


def test_a_drag_is_of_whole_minutes_of_the_viewers_clock_in_either_direction() -> None:
    expected = Window(start=datetime(2026, 3, 28, 11, 0, tzinfo=UTC), end=datetime(2026, 3, 29, 10, 1, tzinfo=UTC))
    for ends in (
        ("2026-03-28 12:00:59.9", "2026-03-29 12:00:00.1234"),
        ("2026-03-29 12:00:00.1234", "2026-03-28 12:00:59.9"),
    ):
        view = meant(dragged(*ends), [], BERLIN)
        assert view
        assert view.range == expected
        assert view.filters == BERLIN.filters


def test_a_drag_over_less_than_a_minute_is_that_minute() -> None:
    view = meant(dragged("2026-03-28 12:00", "2026-03-28 12:00"), [], BERLIN)
    assert view
    assert isinstance(view.range, Window)
    assert view.range.length.total_seconds() == 60
