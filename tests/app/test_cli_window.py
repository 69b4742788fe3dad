"""Spans of time and filters as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.commands.outcome import Exit, Stop
from app.commands.window import parse_filters, parse_length, parse_moment, parse_window
from metrics.engine.query import Filter, Window

NOW = datetime(2026, 5, 10, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        (" 2w ", timedelta(days=14)),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_length(text) == length


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "-1d", "1.5h", "7 days", "1y", "99999999999999d"])
def test_anything_else_is_no_length(text: str) -> None:
    with pytest.raises(Stop, match="expected a number and a unit") as stop:
        parse_length(text)
    assert stop.value.code == Exit.WRONG_USE


@pytest.mark.parametrize(
    ("text", "tz", "moment"),
    [
        ("2026-05-01", "UTC", datetime(2026, 5, 1, tzinfo=UTC)),
        ("2026-05-01", "Europe/Berlin", datetime(2026, 4, 30, 22, tzinfo=UTC)),
        ("2026-05-01T13:00:00+02:00", "America/New_York", datetime(2026, 5, 1, 11, tzinfo=UTC)),
        ("2026-05-01T13:00:00Z", "Europe/Berlin", datetime(2026, 5, 1, 13, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_in_the_zone_asked_for(text: str, tz: str, moment: datetime) -> None:
    assert parse_moment(text, tz) == moment


def test_the_window_is_the_last_seven_days_unless_told() -> None:
    assert parse_window(None, None, None, "UTC", NOW) == Window(start=NOW - timedelta(days=7), end=NOW)


def test_last_may_end_elsewhere_than_now() -> None:
    window = parse_window("1d", None, "2026-05-01", "UTC", NOW)
    assert window == Window(start=datetime(2026, 4, 30, tzinfo=UTC), end=datetime(2026, 5, 1, tzinfo=UTC))


def test_from_without_to_ends_now() -> None:
    assert parse_window(None, "2026-05-01", None, "UTC", NOW).end == NOW


@pytest.mark.parametrize(
    ("last", "start", "end", "says"),
    [
        ("7d", "2026-05-01", None, "give one of them"),
        (None, "2026-05-02", "2026-05-01", "must end after it starts"),
        (None, "2026-05-01", "2026-05-01", "must end after it starts"),
        (None, "yesterday", None, "expected ISO"),
    ],
)
def test_a_window_that_cannot_be_is_explained(last: str | None, start: str | None, end: str | None, says: str) -> None:
    with pytest.raises(Stop, match=says):
        parse_window(last, start, end, "UTC", NOW)


@pytest.mark.parametrize(
    ("conditions", "filters"),
    [
        (["provider=openai"], [Filter(dimension="provider", values=("openai",))]),
        (["provider=openai,anthropic"], [Filter(dimension="provider", values=("openai", "anthropic"))]),
        (["provider=openai", "provider=anthropic"], [Filter(dimension="provider", values=("openai", "anthropic"))]),
        (["region!=eu"], [Filter(dimension="region", operator="not in", values=("eu",))]),
        (["endpoint~/v1"], [Filter(dimension="endpoint", operator="contains", values=("/v1",))]),
        (["feature=(none)"], [Filter(dimension="feature", values=(None,))]),
        ([r"endpoint=/a\,b,/c"], [Filter(dimension="endpoint", values=("/a,b", "/c"))]),
        (["attributes.url=https://x/?a=b"], [Filter(dimension="attributes.url", values=("https://x/?a=b",))]),
        (
            ["region=eu", "region!=us"],
            [Filter(dimension="region", values=("eu",)), Filter(dimension="region", operator="not in", values=("us",))],
        ),
    ],
)
def test_conditions_become_filters(conditions: list[str], filters: list[Filter]) -> None:
    assert list(parse_filters(conditions)) == filters


@pytest.mark.parametrize("condition", ["provider", "=openai", ""])
def test_a_condition_needs_a_dimension_and_an_operator(condition: str) -> None:
    with pytest.raises(Stop, match="no condition"):
        parse_filters([condition])
