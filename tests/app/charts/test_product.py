"""Charts of money, ways, cohorts, health and quality: right, and standing over whatever there is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest

from app import theme
from app.charts import bars, cohorts, doughnut, fitting, funnel, lines, parts, ratings, sankey, scatter, uptime
from app.charts.axis import TimeAxis
from app.charts.picture import Picture
from app.charts.words import label
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 1, tzinfo=UTC)
MEANT = ("customdata", "meta")
AXIS = TimeAxis(Window(start=START, end=START + timedelta(days=4)), tz="Europe/Berlin", grain=Grain.DAY)
HOSTILE = "<b onload=x>" + "z" * 10_000
TIME = pl.Datetime("us", "UTC")
DAYS = pl.Series("time", [START + timedelta(days=day) for day in range(4)], dtype=TIME)

COSTS = pl.DataFrame({"provider": ["openai", None, HOSTILE, "acme"], "cost": [3.0, 1.0, None, 2.0]})
MANY = pl.DataFrame({"provider": [f"p{number:02}" for number in range(30)], "cost": [float(n) for n in range(30)]})
POINTS = pl.DataFrame(
    {
        "provider": ["openai", None, HOSTILE], "model": ["m", None, HOSTILE], "tokens": [100.0, 0.0, 9e5],
        "cost": [0.01, 0.1, 3.0], "calls": [5, 7, 1],
    }
)  # fmt: skip
OUTLOOK = pl.DataFrame(
    {
        "time": DAYS, "cost": [5.0, 6.0, 2.0, None], "cost_projection": [None, None, 5.5, 5.0],
        "cost_projection_low": [None, None, 5.0, 4.0], "cost_projection_high": [None, None, 6.0, 6.5],
    }
)  # fmt: skip
USERS = pl.DataFrame({"time": DAYS, "dau": [5, None, 7, 8], "wau": [9, 9, None, 12], "mau": [20, 21, 22, 23]})
LINKS = pl.DataFrame(
    {
        "step": [0, 0, 0, 1, 1], "source": ["/", "/", HOSTILE, "/chat", "/"], "target": ["/chat", None, "/", "/", None],
        "users": [6, 2, 1, 4, 1], "transitions": [7, 2, 1, 5, 1], "share": [75.0, 25.0, 100.0, 66.7, 100.0],
    }
)  # fmt: skip
TRIANGLE = pl.DataFrame(
    {
        "cohort": [START, START, START + timedelta(days=1), START + timedelta(days=1)], "size": [10, 10, 4, 4],
        "age": [0, 1, 0, 1], "share": [100.0, 40.0, 100.0, None],
    },
    schema_overrides={"cohort": TIME},
)  # fmt: skip
FUNNEL = pl.DataFrame(
    {
        "step": ["/", HOSTILE, "/pay"], "users": [10, 5, 0], "conversion": [None, 50.0, 0.0],
        "overall": [100.0, 50.0, 0.0], "median_seconds": [None, 63.0, None],
    }
)  # fmt: skip
UPTIME = pl.DataFrame(
    {
        "component": ["database"] * 4 + [HOSTILE] * 4, "time": [*DAYS, *DAYS],
        "uptime": [100.0, 99.95, 99.2, 42.0, None, None, None, None], "overall": [85.3] * 4 + [None] * 4,
    },
    schema_overrides={"time": TIME},
)  # fmt: skip
BANDS = pl.DataFrame(
    {
        "page": ["/", None, HOSTILE], "good": [80.0, 0.0, None], "needs_improvement": [15.0, 0.0, None],
        "poor": [5.0, 100.0, None], "p75": ["2.4 s", None, None],
    }
)  # fmt: skip
SCORES = pl.DataFrame(
    {"lower": [float(n) for n in range(0, 100, 5)], "upper": [n + 5.0 for n in range(0, 100, 5)], "count": range(20)}
)
Draw = Callable[[pl.DataFrame, TimeAxis], Picture]
CASES: dict[str, tuple[Draw, pl.DataFrame]] = {
    "doughnut": (doughnut.parts, COSTS),
    "doughnut of many": (doughnut.parts, MANY),
    "ranked": (bars.ranked, COSTS),
    "ranked of many": (bars.ranked, MANY),
    "efficiency": (scatter.efficiency, POINTS),
    "projected": (lines.projected, OUTLOOK),
    "several lines": (lines.several, USERS),
    "several bars": (bars.several, USERS.select("time", "dau", "wau")),
    "journeys": (sankey.journeys, LINKS),
    "cohorts": (cohorts.triangle, TRIANGLE),
    "funnel": (funnel.steps, FUNNEL),
    "uptime": (uptime.strips, UPTIME),
    "ratings": (ratings.bands, BANDS),
    "scores": (ratings.scores, SCORES),
    "fitting a line": (fitting.fitting, USERS.select("time", "dau")),
    "fitting bars": (fitting.fitting, COSTS.rename({"provider": "group"})),
    "fitting lines": (
        fitting.fitting,
        pl.DataFrame({"time": [*DAYS, *DAYS], "group": ["a"] * 4 + [None] * 4, "cost": [1.0, None] * 4}),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", ["all", "one", "none", "nulls"])
@pytest.mark.parametrize("on_dark", [False, True])
def test_a_chart_stands_and_plotly_accepts_all_of_it(case: str, rows: str, on_dark: bool) -> None:
    draw, frame = CASES[case]
    numbers = [pl.lit(None, frame.schema[name]).alias(name) for name in frame.columns if name in ("cost", "dau", "wau")]
    chosen = {"all": frame, "one": frame.head(1), "none": frame.clear(), "nulls": frame.with_columns(numbers)}[rows]
    picture = draw(chosen, replace(AXIS, on_dark=on_dark))
    go.Figure({"data": traces(picture), "layout": layout(picture)})
    assert picture.alt.endswith(".")
    # What a click means is the value as it is, and is drawn nowhere.
    assert "<b onload" not in str(([drawn_of(trace) for trace in traces(picture)], layout(picture)))


def drawn_of(part: dict[str, Any]) -> dict[str, Any]:
    """What Plotly draws of a trace, or of its nodes and links."""
    kept = {key: value for key, value in part.items() if key not in MEANT or key in str(part.get("hovertemplate"))}
    return {key: drawn_of(value) if isinstance(value, dict) else value for key, value in kept.items()}


def test_a_name_puts_no_value_in_the_place_of_its_own_text() -> None:
    hostile = "%{meta[0]}%{customdata[0]}<a href='https://example.com'>"
    picture = doughnut.parts(pl.DataFrame({"provider": [hostile], "cost": [1.0]}), AXIS)
    assert "%{meta" not in str([trace.get("name") for trace in traces(picture)])
    assert "%{customdata" not in str([trace.get("hovertemplate") for trace in traces(picture)])


def test_parts_of_a_doughnut_add_up_and_the_rest_cannot_be_chosen() -> None:
    picture = doughnut.parts(MANY, AXIS)
    areas, points = ([trace for trace in traces(picture) if trace["mode"] == mode] for mode in ("lines", "markers"))
    assert areas[-1]["name"] == f"{parts.OTHER} $276.00"
    assert points[0]["customdata"][0] == ["p29"]
    assert "customdata" not in points[-1]
    assert areas[0]["meta"] == ["p29"]
    assert "meta" not in areas[-1]
    assert layout(picture)["annotations"][0]["text"] == "<b>$435.00</b>"
    assert "435.00 in all: p29 $29.00 (6.7 %)" in picture.alt


def test_names_in_a_legend_know_the_values_they_stand_for() -> None:
    long = "z" * 100
    costs = pl.DataFrame({"time": [*DAYS, *DAYS], "provider": [long] * 4 + [None] * 4, "cost": [2.0, 1.0] * 4})
    for draw in (bars.stacked, lines.by_group):
        assert sorted((trace["meta"] for trace in traces(draw(costs, AXIS))), key=str) == [[long], [None]]
    assert [trace["meta"] for trace in traces(scatter.efficiency(POINTS, AXIS))] == [["openai"], [HOSTILE]]


def test_nodes_know_their_pages_but_for_those_that_stand_for_several_or_none() -> None:
    pages = {"source": ["/", "/", "/", sankey.OTHER], "target": ["p" * 200, "p" * 300, None, HOSTILE]}
    links = pl.DataFrame({"step": [0] * 4, **pages, "users": [4] * 4, "transitions": [4] * 4, "share": [25.0] * 4})
    (stream,) = traces(sankey.journeys(links, AXIS))
    nodes = dict(zip(stream["node"]["label"], stream["node"]["customdata"], strict=True))
    assert nodes.pop("/") == ["/"]
    assert nodes.pop(sankey.OTHER) == nodes.pop(sankey.LEFT) == []
    assert sorted(nodes) == [label(HOSTILE, 24), label("p" * 200, 24)]
    assert sorted(map(str, nodes.values())) == sorted(map(str, ([HOSTILE], [])))


def test_bars_are_ranked_and_add_up_but_shares_do_not() -> None:
    (bar,) = traces(bars.ranked(MANY, AXIS))
    assert bar["x"][0] == 29
    assert sum(bar["x"]) == sum(range(30))
    shares = MANY.rename({"cost": "error_rate"})
    (bar,) = traces(bars.ranked(shares, AXIS))
    assert bar["x"] == [float(number) for number in range(29, 17, -1)]


def test_what_is_expected_comes_with_its_interval() -> None:
    drawn = named(lines.projected(OUTLOOK, AXIS))
    assert drawn["expected"]["y"] == [5.5, 5.0]
    assert drawn["80 % interval"]["fill"] == "tonexty"
    assert (drawn["Cost"]["y"], drawn["so far"]["y"]) == ([5.0, 6.0], [2.0])


def test_journeys_never_flow_back_to_an_earlier_step() -> None:
    (stream,) = traces(sankey.journeys(LINKS, AXIS))
    place = stream["node"]["x"]
    links = list(zip(stream["link"]["source"], stream["link"]["target"], strict=True))
    assert all(place[source] < place[target] for source, target in links)
    assert stream["node"]["label"].count("/") == 3, "a page at another step is another node"
    assert sum(stream["link"]["value"]) == 14
    assert stream["link"]["customdata"][0] == "/ → /chat<br>6 users, 75.0 % of those there<br>7 times"


def test_a_share_of_pages_drawn_as_one_is_of_all_that_were_at_any_of_them() -> None:
    sources = [f"/{n:02}" for n in range(20)]
    both = pl.DataFrame(
        {
            "step": [0] * 40, "source": [*sources, *sources], "target": ["/chat"] * 20 + [None] * 20,
            "users": [100 - n for n in range(20)] + [300 - 3 * n for n in range(20)],
            "transitions": [1] * 40, "share": [25.0] * 20 + [75.0] * 20,
        }
    )  # fmt: skip
    (stream,) = traces(sankey.journeys(both, AXIS))
    shares = [words.split("<br>")[1] for words in stream["link"]["customdata"] if words.startswith(sankey.OTHER)]
    assert [words.partition(", ")[2] for words in shares] == ["75.0 % of those there", "25.0 % of those there"]


def test_names_of_pages_can_be_read_on_both_backgrounds() -> None:
    assert traces(sankey.journeys(LINKS, AXIS))[0]["textfont"]["color"] == theme.INK


def test_tokens_and_cost_have_ticks_at_powers_of_ten() -> None:
    picture = scatter.efficiency(POINTS, AXIS)
    assert layout(picture)["xaxis"]["ticktext"] == ["100", "1k", "10k", "100k", "1M"]
    assert layout(picture)["yaxis"]["ticktext"] == ["$0.01", "$0.1", "$1", "$10"]
    assert "7 calls without tokens or cost" in picture.alt


def test_cells_of_cohorts_are_opaque_so_that_their_writing_fits_their_color() -> None:
    for on_dark in (False, True):
        (cells,) = traces(cohorts.triangle(TRIANGLE, replace(AXIS, on_dark=on_dark)))
        assert all(color.startswith("#") and len(color) == 7 for _, color in cells["colorscale"])


def test_pages_beyond_the_busiest_of_a_step_are_one() -> None:
    many = pl.DataFrame(
        {
            "step": [0] * 40, "source": ["/"] * 40, "target": [f"/{n}" for n in range(40)], "users": range(1, 41),
            "transitions": range(1, 41), "share": [1.0] * 40,
        }
    )  # fmt: skip
    (stream,) = traces(sankey.journeys(many, AXIS))
    assert sankey.OTHER in stream["node"]["label"]
    assert len(stream["node"]["label"]) == 1 + sankey.MOST_PAGES + 1
    assert sum(stream["link"]["value"]) == sum(range(1, 41))


def test_pages_of_a_step_lie_apart_as_high_as_they_are_drawn() -> None:
    links = {
        "step": 0,
        "source": "/",
        "target": ["a", "b", None],
        "users": [60, 30, 10],
        "transitions": 1,
        "share": 1.0,
    }
    picture = sankey.journeys(pl.DataFrame(links, schema_overrides={"target": pl.String}), AXIS)
    node, drawn = traces(picture)[0]["node"], layout(picture)
    pad = node["pad"] / (drawn["height"] - drawn["margin"]["t"] - drawn["margin"]["b"])
    middles = dict(zip(node["label"], node["y"], strict=True))
    edges = [
        middles[page] + side * users / 100 * (1 - 2 * pad) / 2
        for page, users in (("a", 60), ("b", 30), (sankey.LEFT, 10))
        for side in (-1, 1)
    ]
    apart = [after - before for before, after in zip(edges[1::2], edges[2::2], strict=False)]
    assert apart == pytest.approx([pad, pad])
    assert (edges[0], edges[-1]) == pytest.approx((0, 1))


def test_cohorts_begin_at_the_viewers_midnight_and_what_is_not_over_stays_blank() -> None:
    picture = cohorts.triangle(TRIANGLE, AXIS)
    (cells,) = traces(picture)
    assert cells["z"] == [[40.0], [None]]
    assert layout(picture)["yaxis"]["ticktext"] == ["01 Mar · 10", "02 Mar · 4"]


def test_a_funnel_says_how_many_how_much_and_how_long() -> None:
    picture = funnel.steps(FUNNEL, AXIS)
    assert "5 users · 50.0 % of the step before · 50.0 % of all · after 1 min (median)" in picture.alt


def test_a_day_of_uptime_has_the_step_it_reached_and_no_probe_is_unknown() -> None:
    drawn = traces(uptime.strips(UPTIME, AXIS))
    assert drawn[0]["z"] == [[4, 3, 2, 1], [0, 0, 0, 0]]
    assert [trace["name"] for trace in drawn[1:-1]] == ["not probed", "under 99 %", "from 99 %", "from 99.9 %", "100 %"]


def test_ratings_carry_words_and_patterns_beside_colors() -> None:
    drawn = traces(ratings.bands(BANDS, AXIS))
    assert [trace["name"] for trace in drawn] == ["good", "needs improvement", "poor"]
    assert len({trace["marker"]["pattern"]["shape"] for trace in drawn}) == 3


def test_every_score_lies_in_one_band() -> None:
    drawn = traces(ratings.scores(SCORES, AXIS))
    assert sum(sum(trace["y"]) for trace in drawn) == sum(range(20))
    assert [trace["name"].split()[0] for trace in drawn] == [name for name, _, _ in theme.SCORE_BANDS]
