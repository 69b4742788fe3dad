"""Incidents over time and the noise of rules, as the figures that the browser gets."""

from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go
import polars as pl

from app.charts.axis import TimeAxis
from app.charts.incidents import MAXIMUM_LANES, MAXIMUM_RULES, Bar, bars, noise
from metrics.engine.query import Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(hours=24)
AXIS = TimeAxis(Window(start=START, end=NOW))
HOUR = timedelta(hours=1)
MILLISECONDS = 3_600_000


def bar(priority: str, start: int, end: int | None, title: str = "Errors", acknowledged: int | None = None) -> Bar:
    def at(hour: int | None) -> datetime | None:
        return None if hour is None else START + hour * HOUR

    return Bar(priority, title, START + start * HOUR, at(end), at(acknowledged))


def rules(*rows: tuple[str, int, int, int, float]) -> pl.DataFrame:
    names = ["name", "fired", "acknowledged", "short", "withheld_percent"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_a_bar_lies_where_its_incident_lay_and_an_open_one_ends_now() -> None:
    picture = bars([bar("P0", 1, 3), bar("P1", 20, None)], AXIS, NOW)
    drawn = named(picture)
    assert (drawn["P0 critical"]["base"], drawn["P0 critical"]["x"]) == (["2026-03-01T01:00:00"], [2 * MILLISECONDS])
    assert drawn["P1 high"]["x"] == [4 * MILLISECONDS]
    assert "open for 4 h" in drawn["P1 high"]["text"][0]
    assert picture.alt == "Incidents over time: 1 of P0, 1 of P1; 1 still open."


def test_incidents_that_overlap_lie_in_rows_of_their_own_below_their_priority() -> None:
    drawn = bars([bar("P1", 1, 5), bar("P0", 2, 4), bar("P1", 3, 4), bar("P1", 6, 7)], AXIS, NOW)
    assert named(drawn)["P0 critical"]["y"] == [0]
    assert named(drawn)["P1 high"]["y"] == [1, 2, 1]
    assert layout(drawn)["yaxis"]["ticktext"] == ["P0", "P1"]


def test_more_than_can_be_told_apart_share_a_row() -> None:
    drawn = named(bars([bar("P2", 0, 20) for _ in range(30)], AXIS, NOW))
    assert max(drawn["P2 medium"]["y"]) == MAXIMUM_LANES - 1


def test_one_that_began_before_the_window_begins_with_it_and_a_short_one_is_seen() -> None:
    drawn = named(bars([bar("P0", -5, 2), bar("P3", 3, 3)], AXIS, NOW))
    assert drawn["P0 critical"]["base"] == ["2026-03-01T00:00:00"]
    assert drawn["P0 critical"]["x"] == [2 * MILLISECONDS]
    assert drawn["P3 low"]["x"][0] > 0


def test_where_somebody_took_it_on_is_a_mark() -> None:
    drawn = named(bars([bar("P0", 1, 3, acknowledged=2), bar("P0", 5, 6)], AXIS, NOW))
    assert drawn["acknowledged"]["x"] == ["2026-03-01T02:00:00"]
    assert "acknowledged" not in named(bars([bar("P0", 1, 3)], AXIS, NOW))


def test_no_two_priorities_differ_by_color_alone() -> None:
    drawn = named(bars([bar(f"P{number}", 1, 2) for number in range(4)], AXIS, NOW))
    patterns = [trace["marker"]["pattern"]["shape"] for trace in drawn.values()]
    assert len(set(patterns)) == 4


def test_no_incident_at_all_can_be_drawn() -> None:
    assert bars([], AXIS, NOW).alt == "Incidents over time: none; 0 still open."


def test_the_noisiest_rule_stands_on_top_with_its_share_that_was_not_told() -> None:
    picture = noise(rules(("Calm", 2, 1, 0, 0.0), ("Wolf", 40, 1, 30, 25.0)))
    drawn = named(picture)
    assert drawn["fired"]["x"] == [40, 2]
    assert drawn["over within 5 min by themselves"]["base"] == [10, 2]
    texts = [note["text"] for note in layout(picture)["annotations"]]
    assert texts == ["Wolf", "fired 40 × · 25 % not told", "Calm", "fired 2 ×"]
    assert picture.alt.startswith("Firings by rule, the noisiest first: Wolf fired 40 ×")


def test_of_many_rules_the_noisiest_are_drawn_and_hostile_names_stay_text() -> None:
    picture = noise(rules(*((f"<b>{number}</b>", number, 0, 0, 0.0) for number in range(40))))
    assert len(named(picture)["fired"]["x"]) == MAXIMUM_RULES
    assert layout(picture)["annotations"][0]["text"] == "&lt;b&gt;39&lt;/b&gt;"


def test_plotly_accepts_every_property() -> None:
    drawn = [bars([bar(f"P{number}", 1, 2, acknowledged=1) for number in range(4)], AXIS, NOW)]
    drawn.append(noise(rules(("Wolf", 40, 1, 30, 25.0))))
    for picture in drawn:
        go.Figure({"data": traces(picture), "layout": layout(picture)})
