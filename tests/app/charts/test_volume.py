"""The picture of how many events came when."""

from datetime import date, timedelta

import polars as pl
import pytest

from app.charts.volume import Calendar, volume
from tests.app.charts.spec import layout, named, traces

FIRST = date(2026, 3, 2)
DAYS = tuple(FIRST + timedelta(days=number) for number in range(8))


def frame(*rows: tuple[str, int, int]) -> pl.DataFrame:
    return pl.DataFrame(
        [(kind, DAYS[day], count, 1) for kind, day, count in rows],
        schema={"kind": pl.String, "start": pl.Date, "rows": pl.Int64, "days": pl.Int64},
        orient="row",
    )


def calendar(*kinds: str, on_dark: bool = False, today: date = DAYS[-1]) -> Calendar:
    return Calendar(DAYS, "day", today, dict.fromkeys(kinds or ("request",), FIRST), on_dark)


def test_a_day_without_events_is_blank_and_has_a_cross() -> None:
    rows = [("request", day, 100) for day in range(8) if day not in (3, 4)]
    picture = volume(frame(*rows), calendar())
    assert [level is None for level in traces(picture)[0]["z"][0]] == [day in (3, 4) for day in range(8)]
    assert named(picture)["no events"]["x"] == ["2026-03-05", "2026-03-06"]
    assert "Days without events: request 2." in picture.alt


def test_a_day_alone_is_as_wide_as_a_day() -> None:
    picture = volume(frame(("request", 0, 100)), Calendar(DAYS[:1], "day", DAYS[-1], {"request": FIRST}))
    assert (
        traces(picture)[0]["x"] == layout(picture)["xaxis"]["range"] == ["2026-03-01T12:00:00", "2026-03-02T12:00:00"]
    )


def test_ticks_of_few_days_are_days_and_not_their_noons() -> None:
    few, many = (
        layout(volume(frame(("request", 0, 100)), Calendar(days, "day", DAYS[-1], {"request": FIRST})))["xaxis"]
        for days in (DAYS[:3], DAYS)
    )
    assert few["dtick"] == 24 * 60 * 60 * 1000
    assert "dtick" not in many


def test_before_its_first_event_a_kind_has_no_gap() -> None:
    dates = {"request": FIRST, "error": DAYS[6]}
    picture = volume(frame(("request", 0, 1), ("error", 6, 1)), Calendar(DAYS, "day", DAYS[-1], dates))
    assert [place for place in named(picture)["no events"]["y"] if place == 1] == [1]


def test_a_kind_from_which_nothing_comes_any_more_is_all_gaps() -> None:
    dates = {"request": FIRST, "health": FIRST - timedelta(days=90)}
    picture = volume(frame(*(("request", day, 5) for day in range(8))), Calendar(DAYS, "day", DAYS[-1], dates))
    assert named(picture)["no events"]["y"] == [1] * 8
    assert layout(picture)["yaxis"]["ticktext"] == ["request", "health"]


@pytest.mark.parametrize(("rows", "level"), [(1, 0), (25, 0), (26, 1), (75, 1), (76, 2), (150, 2), (151, 3)])
def test_a_day_is_held_against_what_is_usual_for_its_kind(rows: int, level: int) -> None:
    picture = volume(frame(*(("request", day, 100) for day in range(6)), ("request", 6, rows)), calendar())
    assert traces(picture)[0]["z"][0][6] == level


def test_the_day_that_is_still_going_on_says_so_and_is_not_usual() -> None:
    picture = volume(frame(("request", 6, 100), ("request", 7, 10)), calendar())
    assert traces(picture)[0]["text"][0][7] == "request<br>10 events, Mon 09 Mar 2026 so far"
    assert traces(picture)[0]["z"][0][6:] == [2, 0]


def test_every_step_is_named_in_the_legend() -> None:
    names = [trace["name"] for trace in traces(volume(frame(("request", 0, 1)), calendar()))]
    assert names[1:] == ["under ¼ of usual", "¼ to ¾ of usual", "usual", "over 1½ × usual", "no events"]


def test_a_dark_page_has_colors_of_its_own() -> None:
    light, dark = (
        traces(volume(frame(("request", 0, 1)), calendar(on_dark=on)))[0]["colorscale"] for on in (False, True)
    )
    assert light != dark


def test_weeks_and_months_say_how_many_of_their_days_have_events() -> None:
    weeks = Calendar((FIRST,), "week", FIRST + timedelta(days=3), {"request": FIRST})
    (text,) = traces(volume(frame(("request", 0, 70)), weeks))[0]["text"][0]
    assert text == "request<br>70 events, on 1 of its days, week of 02 Mar 2026 so far"


def test_a_hostile_kind_stays_text() -> None:
    picture = volume(frame(("<b>x</b>", 0, 1)), calendar("<b>x</b>"))
    assert layout(picture)["yaxis"]["ticktext"] == ["&lt;b&gt;x&lt;/b&gt;"]
