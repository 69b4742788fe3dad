"""How a picture reaches the browser: as Plotly's own figure would have been sent."""

import json
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import plotly.io
import pytest
from streamlit.testing.v1 import AppTest

from app.charts.drawing import Drawing
from app.charts.picture import Picture


def _page(picture: object) -> None:
    from app.components.plot import plot

    plot(picture, "course", height="content")  # pyright: ignore[reportArgumentType]


def _line(drawn: Drawing) -> None:
    drawn.scatter(x=["2026-03-04T00", "2026-03-04T01"], y=[1.5, None], name="P95", customdata=[["a"], ["b"]])


def _cells(drawn: Drawing) -> None:
    drawn.heatmap(x=(1, 2), y=("/chat", "/search"), z=[[0.0, 5.0], [None, 2.0]], colorscale=[[0, "green"], [1, "red"]])


@pytest.mark.parametrize("draw", [_line, _cells])
def test_what_is_sent_of_a_figure_is_what_plotly_would_send(draw: Callable[[Drawing], None]) -> None:
    drawn = Drawing()
    draw(drawn)
    drawn.shape(type="line", x0=1, x1=1, line={"color": "red", "width": 1})
    picture = Picture(drawn.figure(), "A course.")
    page = AppTest.from_function(_page, args=(picture,)).run()
    assert not page.exception
    sent: list[Any] = [*page.get("plotly_chart")]
    assert [one.proto.alt for one in sent] == ["A course."]
    assert json.loads(sent[0].proto.spec) == json.loads(plotly.io.to_json(go.Figure(picture.figure)) or "")
