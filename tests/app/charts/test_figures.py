"""What holds for every figure: Plotly accepts all of it, and it can be read on both backgrounds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import plotly.graph_objects as go
import pytest

from app import source
from app.charts import bars, distribution, heatmap, lines
from app.charts.drawing import Drawing
from app.charts.picture import Picture
from app.queries import asking, money, people, traffic
from app.queries.asking import Answer
from app.state import View
from tests.app.charts.spec import layout, traces
from tests.app.fake import FakeEngine, fake_source

CHARTS: dict[str, tuple[Callable[[View], Answer], Callable[..., Picture]]] = {
    "response time": (traffic.response_time, lines.percentiles),
    "throughput": (traffic.throughput, lines.area),
    "cost": (money.spend, bars.stacked),
    "growth": (people.growth, bars.growth),
    "errors": (traffic.endpoint_errors, heatmap.error_rates),
    "distribution": (traffic.latency_distribution, distribution.histogram),
    "cpu": (traffic.resource("cpu_usage"), lines.by_group),
}


@pytest.fixture(autouse=True)
def made_up() -> Iterator[None]:
    source.connect_through(fake_source(FakeEngine()))
    yield
    source.connect_through(None)


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("view", [View("1h"), View("7d", compare=True), View("90d", "Australia/Lord_Howe")], ids=str)
def test_plotly_accepts_every_property(name: str, view: View) -> None:
    ask, draw = CHARTS[name]
    answer = ask(view)
    picture = draw(answer.frame, replace(answer.axis, on_dark=True))
    assert traces(picture)
    go.Figure({"data": traces(picture), "layout": layout(picture)})
    assert picture.alt.endswith(".")


@pytest.mark.parametrize("view", [View("1h"), View("6h"), View("24h"), View("7d"), View("30d"), View("90d")], ids=str)
def test_a_line_has_enough_points_to_see_a_course_and_not_more_than_the_eye_can_use(view: View) -> None:
    assert 50 <= traffic.response_time(view).frame.height <= asking.LINE_POINTS + 1


def test_a_bucket_that_still_fills_is_no_fall_of_the_rate() -> None:
    answer = traffic.throughput(View("7d"))
    assert answer.frame["time"][-1] + timedelta(hours=1) <= source.source().now()


@pytest.mark.parametrize("name", CHARTS)
def test_a_figure_is_told_apart_from_another_by_its_revision_and_from_itself_it_is_not(name: str) -> None:
    ask, draw = CHARTS[name]
    first, again = (ask(View("7d")) for _ in range(2))
    frames = (first.frame, again.frame, first.frame.head(-1))
    revisions = [layout(draw(frame, first.axis))["datarevision"] for frame in frames]
    assert revisions[0] == revisions[1] != revisions[2]


@pytest.mark.parametrize(("highest", "room"), [(100.0, 48), (1_000.0, 55), (100_000.0, 48)])
def test_what_is_written_at_an_axis_has_room_before_it_is_drawn(highest: float, room: int) -> None:
    drawn = Drawing()
    drawn.scatter(x=["2026-03-04T00:00:00"], y=[highest, None])
    drawn.x |= {"type": "date", "range": ["2026-03-04T00:00:00", "2026-03-04T06:00:00"]}
    drawn.y["ticksuffix"] = "/s"
    margin = layout(Picture(drawn.figure(), ""))["margin"]
    assert (margin["l"], margin["b"], margin["t"]) == (room, 42, 46)
    drawn.y |= {"ticktext": ["/api/v1/pipelines/run", "/chat &amp; more"]}
    drawn.x["range"][1] = "2026-04-04T00:00:00"
    drawn.without_legend()
    margin = layout(Picture(drawn.figure(), ""))["margin"]
    assert (margin["l"], margin["b"], margin["t"]) == (4, 26, 14)
