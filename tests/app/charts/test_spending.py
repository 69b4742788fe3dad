"""What is spent: bars by day with the period before, and what a difference is made of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl

from app.charts import spending
from app.charts.axis import TimeAxis
from app.charts.spending import BEFORE, IS_REST
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, traces

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
DAY = timedelta(days=1)
AXIS = TimeAxis(Window(start=MONDAY, end=MONDAY + 3 * DAY), grain=Grain.DAY, until=MONDAY + 2.5 * DAY)
HOSTILE = "<b>bold</b>"


def days(*rows: tuple[int, str | None, float | None, bool, float | None]) -> pl.DataFrame:
    schema = {"time": pl.Datetime("us", "UTC"), "team": pl.String, "cost": pl.Float64, IS_REST: pl.Boolean,
              BEFORE: pl.Float64}  # fmt: skip
    return pl.DataFrame([(MONDAY + row[0] * DAY, *row[1:]) for row in rows], schema=schema, orient="row")


SPENT = days(
    (0, "chat", 1.0, False, 3.0), (1, "chat", 2.0, False, None), (2, "chat", 0.5, False, 4.0),
    (0, HOSTILE, 5.0, False, 3.0), (0, None, 0.25, True, 3.0), (1, None, 0.0, True, None), (2, None, 0.0, True, 4.0),
)  # fmt: skip


def test_the_largest_is_first_the_rest_last_and_the_period_before_a_line() -> None:
    picture = spending.by_time(SPENT, AXIS)
    drawn = traces(picture)
    assert [one["name"] for one in drawn] == ["&lt;b&gt;bold&lt;/b&gt;", "chat", "(other)", "period before"]
    assert drawn[3]["y"] == [3.0, None, 4.0]
    assert picture.alt == (
        "Cost by team over time, $8.75 in all: <b>bold</b> $5.00, chat $3.50, (other) $0.25. Period before: $7.00."
    )


def test_a_click_leads_to_the_day_and_a_day_that_is_not_over_is_pale() -> None:
    chat = traces(spending.by_time(SPENT, AXIS))[1]
    assert chat["customdata"][1] == ["2026-03-10T00:00:00+00:00", "2026-03-11T00:00:00+00:00"]
    assert chat["marker"]["opacity"][0] == 1.0
    assert chat["marker"]["opacity"][2] < 1.0
    assert chat["text"][0] == "Mon 09 Mar 2026<br>chat: $1.00 of $6.25<br>period before: $3.00"
    assert chat["text"][2] == "Wed 11 Mar 2026<br>chat: $0.50 of $0.50 so far<br>period before: $4.00"


def test_a_day_of_a_zone_ends_where_its_clock_does() -> None:
    zone = replace(AXIS, tz="Europe/Berlin")
    frame = days((20, "chat", 1.0, False, None)).with_columns(pl.col("time") - pl.duration(hours=1))
    # The last Sunday of March has 23 hours.
    (chat,) = traces(spending.by_time(frame, zone))
    assert chat["customdata"] == [["2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]]


def test_nothing_spent_is_an_empty_figure() -> None:
    assert traces(spending.by_time(days(), AXIS)) == []


def test_a_difference_has_its_sign_in_words_and_not_only_in_color() -> None:
    frame = pl.DataFrame({"part": ["Price a token", HOSTILE], "difference": [2.0, -0.5]})
    picture = spending.differences(frame)
    (bars,) = traces(picture)
    assert bars["x"] == [2.0, 0.5]
    assert bars["marker"]["pattern"]["shape"] == ["", "/"]
    texts = [one["text"] for one in layout(picture)["annotations"]]
    assert texts == ["Price a token", "+$2.00", "&lt;b&gt;bold&lt;/b&gt;", "−$0.50"]
    assert picture.alt == "What the difference is made of: Price a token +$2.00, <b>bold</b> −$0.50."
