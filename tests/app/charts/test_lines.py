"""Lines over time, as the figure that the browser gets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from app import theme
from app.charts import lines
from app.charts.axis import Limit, TimeAxis
from app.charts.fitting import fitting
from metrics.engine.query import Grain, Window
from tests.app.charts.spec import layout, named, traces

START = datetime(2026, 3, 29, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
AXIS = TimeAxis(Window(start=START, end=START + timedelta(hours=4)), grain=Grain.HOUR, limit=Limit(200, "SLA"))


def hours(**columns: Sequence[float | str | None]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    times = pl.Series("time", [START + timedelta(hours=hour) for hour in range(count)], dtype=TIME)
    return pl.DataFrame([times, *(pl.Series(name, values) for name, values in columns.items())])


def response_times(p95: list[float | None], **more: list[float | None]) -> pl.DataFrame:
    return hours(
        response_time_p50=[80.0] * len(p95), response_time_p95=p95, response_time_p99=[400.0] * len(p95), **more
    )


def test_percentiles_have_the_colors_of_the_specification() -> None:
    drawn = named(lines.percentiles(response_times([190.0, 210.0, 180.0, 170.0]), AXIS))
    colors = {name: trace["line"]["color"] for name, trace in drawn.items()}
    assert colors == {"P50": "#10B981", "P95": "#F59E0B", "P99": "#EF4444", "SLA 200 ms": "#DC2626"}


def test_no_two_lines_differ_by_color_alone() -> None:
    drawn = named(lines.percentiles(response_times([190.0, 210.0, 180.0, 170.0]), AXIS))
    looks = [(trace["line"]["dash"], trace["line"]["width"]) for trace in drawn.values()]
    assert len(set(looks)) == len(looks)


def test_the_objective_is_dashed_from_end_to_end() -> None:
    line = named(lines.percentiles(response_times([190.0, 210.0]), AXIS))["SLA 200 ms"]
    assert line["x"] == ["2026-03-29T00:00:00", "2026-03-29T04:00:00"]
    assert line["y"] == [200, 200]
    assert line["line"]["dash"] != "solid"


def test_a_bucket_without_data_is_a_gap() -> None:
    line = named(lines.percentiles(response_times([190.0, None, 180.0, 170.0]), AXIS))["P95"]
    assert line["y"] == [190.0, None, 180.0, 170.0]
    assert line["connectgaps"] is False


def test_a_value_between_two_gaps_is_a_point_that_can_be_seen() -> None:
    line = named(lines.percentiles(response_times([None, 190.0, None, None]), AXIS))["P95"]
    assert line["mode"] == "lines+markers"


def test_the_period_before_is_a_dotted_line_of_the_same_color() -> None:
    frame = response_times([190.0, 210.0], response_time_p95__previous=[100.0, None])
    line = named(lines.percentiles(frame, AXIS))["P95 before"]
    assert line["line"] == {"color": theme.PERCENTILES["p95"].color, "width": 1.25, "dash": theme.PREVIOUS_DASH}
    assert line["y"] == [100.0, None]


def test_times_are_those_of_the_clocks_in_the_zone() -> None:
    berlin = TimeAxis(AXIS.window, "Europe/Berlin", Grain.HOUR)
    line = named(lines.percentiles(response_times([190.0, 210.0]), berlin))["P95"]
    assert line["x"] == ["2026-03-29T01:00:00", "2026-03-29T03:00:00"]


def test_the_text_alternative_states_the_main_numbers() -> None:
    alt = lines.percentiles(response_times([190.0, None, 1210.0]), AXIS).alt
    assert "Response time P95: 190 ms to 1.21 s, last 1.21 s" in alt
    assert "SLA line at 200 ms" in alt


def test_zoom_is_kept_when_the_data_change() -> None:
    first = layout(lines.percentiles(response_times([190.0]), AXIS))
    second = layout(lines.percentiles(response_times([290.0]), AXIS))
    assert first["uirevision"] == second["uirevision"]


def test_hostile_group_names_are_shown_as_text() -> None:
    frame = hours(cpu_usage=[1.0, 2.0], host=["<a href='//h'>x", "<b>&amp;"])
    names = set(named(lines.by_group(frame, AXIS)))
    assert names == {"&lt;a href='//h'&gt;x", "&lt;b&gt;&amp;amp;"}


def test_of_many_groups_the_highest_are_drawn_and_the_rest_is_said() -> None:
    hosts = [f"host-{number}" for number in range(30)]
    frame = pl.DataFrame(
        {"time": [START] * 30, "host": hosts, "cpu_usage": [float(number) for number in range(30)]},
        schema_overrides={"time": TIME},
    )
    picture = lines.by_group(frame, AXIS)
    assert sorted(named(picture)) == [f"host-{number}" for number in range(22, 30)]
    assert "the 8 highest of 30" in picture.alt


def test_a_missing_group_has_a_line_of_its_own() -> None:
    frame = hours(cpu_usage=[1.0, 2.0], host=[None, "web"])
    assert named(lines.by_group(frame, AXIS))["(none)"]["y"] == [1.0]


@pytest.mark.parametrize("compared", [False, True])
def test_one_series_has_a_legend_only_when_compared(compared: bool) -> None:
    previous = {"requests_per_second__previous": [0.5, 0.6]} if compared else {}
    figure = lines.area(hours(requests_per_second=[1.0, 2.0], **previous), AXIS)
    assert layout(figure)["showlegend"] is compared


def test_a_bucket_that_still_fills_is_a_mark_and_not_the_end_of_a_line() -> None:
    until = START + timedelta(hours=2, minutes=20)
    axis = TimeAxis(AXIS.window, grain=Grain.HOUR, until=until)
    drawn = named(lines.several(hours(errors_total=[5.0, 6.0, 1.0], errors_critical=[2.0, 2.0, None]), axis))
    assert drawn["Errors"]["y"] == [5.0, 6.0]
    assert drawn["Errors so far"]["y"] == [1.0]
    assert "Critical errors so far" not in drawn


FILLING = replace(AXIS, until=START + timedelta(hours=2, minutes=20))


@pytest.mark.parametrize("on_dark", [False, True])
def test_a_count_alone_or_by_group_ends_before_the_bucket_that_still_fills(on_dark: bool) -> None:
    axis = replace(FILLING, on_dark=on_dark)
    picture = fitting(hours(requests=[5.0, 6.0, 1.0]), axis)
    assert named(picture)["Requests"]["y"] == [5.0, 6.0]
    ring = named(picture)["Requests so far"]
    assert (ring["y"], ring["marker"]["symbol"], ring["showlegend"]) == ([1.0], "circle-open", False)
    assert picture.alt == "Requests over time. Requests: 5 to 6, last 6, 1 so far."
    drawn = named(fitting(hours(requests=[5.0, 6.0, 1.0], group=["a", "a", "a"]), axis))
    assert (drawn["a"]["y"], drawn["a so far"]["y"]) == ([5.0, 6.0], [1.0])
    # Who hides one in the legend hides the other.
    assert drawn["a"]["legendgroup"] == drawn["a so far"]["legendgroup"]
    assert drawn["a"]["meta"] == ["a"]
    assert "meta" not in drawn["a so far"]


@pytest.mark.parametrize("metric", ["error_rate", "response_time_mean", "active_connections", "users_total"])
def test_what_is_no_less_in_part_of_a_bucket_goes_on_to_the_end(metric: str) -> None:
    (line,) = traces(fitting(hours(**{metric: [5.0, 6.0, 1.0]}), FILLING))
    assert line["y"] == [5.0, 6.0, 1.0]


def test_a_count_that_is_judged_ends_before_the_bucket_that_still_fills() -> None:
    beside = {f"requests_{end}": [5.0, 5.0, 5.0] for end in ("expected", "low", "high")}
    drawn = named(fitting(hours(requests=[5.0, 6.0, 1.0], **beside, requests_unusual=[None, 6.0, None]), FILLING))
    assert (drawn["Requests"]["y"], drawn["Requests so far"]["y"]) == ([5.0, 6.0], [1.0])


def test_a_bucket_that_the_window_cuts_off_and_nothing_follows_is_seen_at_its_beginning() -> None:
    cut = replace(AXIS, window=Window(start=START + timedelta(minutes=40), end=AXIS.window.end))
    frame = hours(requests=[3.0, None, None], error_rate=[1.0, None, 2.0])
    for name, title in (("requests", "Requests"), ("error_rate", "Error rate")):
        line = named(fitting(frame.select("time", name), cut))[title]
        assert (line["x"][0], line["y"][0], line["mode"]) == (
            "2026-03-29T00:40:00", frame[name][0], "lines+markers",
        )  # fmt: skip


def test_a_bucket_that_the_window_cuts_off_at_its_beginning_is_no_rise_of_a_count() -> None:
    cut = replace(AXIS, window=Window(start=START + timedelta(minutes=40), end=AXIS.window.end))
    frame = hours(requests=[2.0, 6.0, 5.0], error_rate=[1.0, 2.0, 3.0])
    assert named(fitting(frame.select("time", "requests"), cut))["Requests"]["y"] == [6.0, 5.0]
    assert named(fitting(frame.select("time", "error_rate"), cut))["Error rate"]["y"] == [1.0, 2.0, 3.0]


def test_a_month_is_not_over_before_its_last_day() -> None:
    axis = replace(AXIS, grain=Grain.MONTH, until=datetime(2026, 3, 31, tzinfo=UTC))
    assert axis.is_so_far("requests", datetime(2026, 3, 1, tzinfo=UTC))
    assert not axis.is_so_far("requests", datetime(2026, 2, 1, tzinfo=UTC))


def outlook() -> pl.DataFrame:
    return hours(
        cost=[3.0, 4.0, 1.0, None],
        cost_projection=[None, None, 4.5, 5.0],
        cost_projection_low=[None, None, 4.0, 4.0],
        cost_projection_high=[None, None, 5.0, 6.0],
    )


def test_the_day_in_progress_is_a_bar_that_says_so() -> None:
    drawn = named(lines.projected(outlook(), AXIS))
    assert (drawn["Cost"]["y"], drawn["so far"]["y"]) == ([3.0, 4.0], [1.0])
    assert drawn["Cost"]["marker"]["pattern"]["shape"] != drawn["so far"]["marker"]["pattern"]["shape"]


@pytest.mark.parametrize(("apart", "has_days"), [(timedelta(days=1), True), (timedelta(days=9), False)])
def test_every_day_is_written_below_a_few_of_them_only_whatever_the_window(apart: timedelta, has_days: bool) -> None:
    days = outlook().with_columns(time=pl.Series([START + day * apart for day in range(4)], dtype=TIME))
    axis = TimeAxis(AXIS.window, grain=Grain.DAY)
    assert ("dtick" in layout(lines.projected(days, axis))["xaxis"]) is has_days


def test_what_is_expected_is_dashed_and_says_its_interval() -> None:
    picture = lines.projected(outlook(), AXIS)
    expected = named(picture)["expected"]
    assert expected["line"]["dash"] != "solid"
    assert expected["text"][1] == "$5.00 ($4.00 to $6.00)"
    assert picture.alt == "Cost by day: $8.00 so far, about $8.50 to come, on the last day $5.00 ($4.00 to $6.00)."


def test_a_line_is_carried_on_with_its_interval() -> None:
    frame = hours(
        requests=[3.0, 4.0, None, None],
        requests_projection=[None, None, 4.5, 5.0],
        requests_projection_low=[None, None, 4.0, 4.0],
        requests_projection_high=[None, None, 5.0, 6.0],
    )
    picture = fitting(frame, AXIS)
    drawn = named(picture)
    assert drawn["Requests"]["y"] == [3.0, 4.0]
    assert drawn["expected"]["y"] == [4.5, 5.0]
    assert drawn["80 % interval"]["y"] == [5.0, 6.0]
    assert picture.alt == "Requests over time. Requests: 3 to 4, last 4. Expected at the end: 5 (4 to 6)."


def changes(**row: object) -> pl.DataFrame:
    schema = {
        "ts": TIME, "ended_at": TIME, "change_type": pl.String, "name": pl.String, "severity": pl.String,
        "description": pl.String,
    }  # fmt: skip
    return pl.DataFrame([{name: row.get(name) for name in schema}], schema=schema)


def test_a_deployment_is_a_line_with_a_mark_that_says_what_it_was() -> None:
    happened = changes(ts=START + timedelta(hours=1), change_type="deployment", name="api <4.2>")
    picture = lines.area(
        hours(requests_per_second=[1.0, 2.0]), TimeAxis(AXIS.window, grain=Grain.HOUR, changes=happened)
    )
    (shape,) = layout(picture)["shapes"]
    assert (shape["type"], shape["x0"], shape["x1"]) == ("line", "2026-03-29T01:00:00", "2026-03-29T01:00:00")
    assert named(picture)["deployment"]["text"] == ["deployment · api &lt;4.2&gt;"]


def test_of_many_changes_only_incidents_are_marked() -> None:
    one = {"ts": START, "change_type": "deployment"}
    many = pl.concat([changes(**one) for _ in range(30)] + [changes(**{**one, "change_type": "incident"})])
    picture = lines.area(hours(requests_per_second=[1.0, 2.0]), TimeAxis(AXIS.window, grain=Grain.HOUR, changes=many))
    assert set(named(picture)) == {"Requests a second", "incident"}
    assert len(layout(picture)["shapes"]) == 1


def test_an_incident_is_a_span() -> None:
    begun = START + timedelta(hours=1)
    happened = changes(ts=begun, ended_at=begun + timedelta(hours=2), change_type="incident")
    picture = lines.area(
        hours(requests_per_second=[1.0, 2.0]), TimeAxis(AXIS.window, grain=Grain.HOUR, changes=happened)
    )
    (shape,) = layout(picture)["shapes"]
    assert (shape["type"], shape["x1"]) == ("rect", "2026-03-29T03:00:00")
    dark = TimeAxis(AXIS.window, grain=Grain.HOUR, changes=happened, on_dark=True)
    (on_dark,) = layout(lines.area(hours(requests_per_second=[1.0, 2.0]), dark))["shapes"]
    assert on_dark["opacity"] > shape["opacity"]
