"""The ring: its parts as areas, and points by which they are clicked."""

from datetime import UTC, datetime, timedelta
from math import atan2, hypot, pi

import polars as pl
import pytest

from app.charts import doughnut
from app.charts.axis import TimeAxis
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import Spec, layout, traces

START = datetime(2026, 3, 1, tzinfo=UTC)
AXIS = TimeAxis(Window(start=START, end=START + timedelta(days=4)), grain=Grain.NONE)


def costs(**parts: float | None) -> pl.DataFrame:
    return pl.DataFrame(list(parts.items()), schema={"provider": pl.String, "cost": pl.Float64}, orient="row")


def of(frame: pl.DataFrame, mode: str) -> list[Spec]:
    return [trace for trace in traces(doughnut.parts(frame, AXIS)) if trace["mode"] == mode]


def share_of_the_ring(area: Spec) -> float:
    """Area of a polygon by its corners, of the ring's."""
    corners = list(zip(area["x"], area["y"], strict=True))
    around = zip(corners, corners[1:] + corners[:1], strict=True)
    doubled = sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in around)
    return abs(doubled) / 2 / (pi * (1 - 0.6**2))


def test_a_part_has_the_area_of_its_share() -> None:
    areas = of(costs(openai=5.0, google=3.0, mistral=2.0), "lines")
    assert [area["name"].split()[0] for area in areas] == ["openai", "google", "mistral"]
    assert [share_of_the_ring(area) for area in areas] == pytest.approx([0.5, 0.3, 0.2], rel=0.01)


def test_the_points_of_a_part_lie_in_it_and_know_the_value_to_filter_by() -> None:
    largest, smallest = of(costs(openai=3.0, google=1.0), "markers")
    turns = [atan2(x, y) % (2 * pi) / (2 * pi) for x, y in zip(largest["x"], largest["y"], strict=True)]
    assert 0 < min(turns) < max(turns) < 0.75
    assert {round(hypot(x, y), 3) for x, y in zip(smallest["x"], smallest["y"], strict=True)} == {0.8}
    assert largest["customdata"] == [["openai"]] * len(largest["x"])
    assert largest["hovertemplate"] == "openai $3.00, 75.0 %<extra></extra>"


def test_small_parts_have_no_percentage_on_them_and_the_text_alternative_has_all() -> None:
    frame = costs(openai=97.0, google=3.0)
    (writing,) = of(frame, "text")
    assert writing["text"] == ["<b>97 %</b>"]
    assert doughnut.parts(frame, AXIS).alt == (
        "Cost by provider, $100.00 in all: openai $97.00 (97.0 %), google $3.00 (3.0 %)."
    )


def test_neighbors_differ_in_pattern() -> None:
    first, second = of(costs(openai=5.0, google=3.0), "lines")
    assert first["fillpattern"]["shape"] != second["fillpattern"]["shape"]


@pytest.mark.parametrize("frame", [costs(openai=0.0, google=0.0), costs(openai=None), costs()], ids=str)
def test_a_whole_of_nothing_is_an_empty_ring(frame: pl.DataFrame) -> None:
    picture = doughnut.parts(frame, AXIS)
    assert not of(frame, "markers")
    assert layout(picture)["annotations"][0]["text"] == "<b>$0.00</b>"
    assert picture.alt == "Cost by provider, $0.00 in all: no data."
