"""A trace over time, as the figure that the browser gets."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.charts.axis import TimeAxis
from app.charts.waterfall import MAXIMUM_ROWS, Row, folded, waterfall
from metrics.engine.query import Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 1, tzinfo=UTC)
AXIS = TimeAxis(Window(start=START, end=START + timedelta(hours=1)))
AGENT = Row("agent", 0, 0, 1_000)
CALL = Row("gpt-4o", 1, 100, 400, is_call=True, first_token_ms=150, figures="812 tokens")
BROKEN = Row("search <b>", 1, 600, 50, is_failed=True)
SAID = Row("boom", 2, 640, None, is_failed=True)


def test_a_bar_lies_where_its_step_ran_and_the_first_token_is_marked() -> None:
    drawn = named(waterfall([AGENT, CALL]))
    assert (drawn["LLM call"]["base"], drawn["LLM call"]["x"]) == ([100], [400])
    assert drawn["first token"]["x"] == [250]
    assert "first token after 150 ms" in drawn["LLM call"]["text"][0]


def test_what_failed_is_red_hatched_and_marked_in_its_name() -> None:
    picture = waterfall([AGENT, BROKEN, SAID])
    bars, moments = traces(picture)[1:]
    assert (bars["name"], bars["marker"]["pattern"]["shape"]) == ("failed", "/")
    assert (moments["name"], moments["x"], moments["showlegend"]) == ("failed", [640], False)
    texts = [one["text"] for one in layout(picture)["annotations"]]
    assert "\u2003✕ search &lt;b&gt;" in texts
    assert picture.alt == "A trace of 3 steps in 1.00 s: 0 LLM calls, 2 failed."


def test_many_alike_are_one_row_that_says_how_many() -> None:
    tools = [Row("tool", 1, at * 10, 5) for at in range(12)]
    rows = folded([AGENT, *tools, CALL])
    assert [(row.name, row.count) for row in rows] == [("agent", 1), ("tool", 12), ("gpt-4o", 1)]
    assert (rows[1].start_ms, rows[1].length_ms, rows[1].figures) == (0, 115, "60 ms in sum")


def test_one_that_holds_others_is_never_folded() -> None:
    rows = [row for at in range(8) for row in (Row("step", 1, at, 1), Row("within", 2, at, 1))]
    assert folded([AGENT, *rows]) == [AGENT, *rows]


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2), st.booleans()), max_size=60))
def test_folding_counts_every_step_once_and_keeps_their_order(steps: list[tuple[str, int, bool]]) -> None:
    rows = [Row(name, depth, at, 1, is_failed=failed) for at, (name, depth, failed) in enumerate(steps)]
    after = folded(rows)
    assert sum(row.count for row in after) == len(rows)
    assert sum(row.count for row in after if row.is_failed) == sum(row.is_failed for row in rows)
    assert all(one.start_ms < other.start_ms for one, other in pairwise(after))


@pytest.mark.parametrize("steps", [[], [SAID], [Row(f"s{at}", 0, at, 1) for at in range(300)]], ids=len)
def test_nothing_a_moment_and_too_many_are_drawn(steps: list[Row]) -> None:
    picture = waterfall(steps)
    assert len(layout(picture).get("annotations", [])) == 2 * min(len(steps), MAXIMUM_ROWS)
    assert ("The first 120 rows are drawn." in picture.alt) == (len(steps) > MAXIMUM_ROWS)
