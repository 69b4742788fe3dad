"""Times of every form, and the same instants whatever they are written as."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events.mapping.sources import Source
from metrics.events.questions import Answers
from metrics.events.values.times import moment
from tests.metrics.events.surveying import calls, surveyed

TEN = datetime(2026, 5, 1, 10, tzinfo=UTC)


def read(text: str, **rule: Any) -> datetime | None:
    """The moment that a text means."""
    return reads([text], **rule)[0]


def reads(values: list[Any], dtype: pl.DataType | None = None, **rule: Any) -> list[datetime | None]:
    series = pl.Series("at", values, dtype or pl.String())
    return series.to_frame().select(moment(pl.col("at"), series.dtype, Source(**rule))).to_series().to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T10:00:00Z", "2026-05-01T10:00:00z", "2026-05-01 10:00:00", "2026-05-01 10:00", "2026-05-01T10:00",
        "2026-05-01 10", "  2026-05-01 10:00:00  ", "2026-5-1 10:00", "2026/05/01 10:00", "2026.05.01 10:00:00",
        "20260501T100000Z", "20260501T1000", "20260501 10:00:00", "20260501100000", "202605011000",
        "2026-05-01T12:00:00+02:00", "2026-05-01T12:00:00+0200", "2026-05-01T12:00:00+02", "2026-05-01 12:00:00 +0200",
        "2026-05-01T06:30:00-0330", "2026-05-01T15:30:00+05:30", "2026-05-01 10:00:00 UTC", "2026-05-01 10:00 GMT",
        "2026-05-01 12:00 CEST", "2026-05-01 11:00:00 CET", "2026-05-01 19:00 JST", "2026-05-01 06:00:00 EDT",
        "2026-05-01 10:00:00 +0000 UTC", "2026-05-01T12:00+02:00[Europe/Berlin]", "2026-05-01 12:00 UTC+2",
        "Fri, 01 May 2026 10:00:00 GMT", "Fri, 1 May 2026 12:00:00 +0200", "01 May 2026 05:00:00 EST",
        "Fri, 01 May 2026 02:00:00 PST", "Friday, May 1, 2026 10:00:00 AM", "May 1, 2026 10:00 AM",
        "May 1st, 2026 at 10:00",
        "1 May 2026 10:00", "01-May-2026 10:00:00", "01/May/2026:10:00:00 +0000", "1. Mai 2026 10:00",
        "Fri May  1 10:00:00 2026", "Fri May  1 10:00:00 UTC 2026",
        "Fri May 01 2026 12:00:00 GMT+0200 (Central European Summer Time)", "01.05.2026 10:00", "1.5.2026 10:00:00",
        "2026-W18-5T10:00", "2026-121 10:00", "1777629600", "1777629600.0", "1777629600000", "1777629600000000",
        "1777629600000000000", "1.7776296E9", "[1777629600, 0]", "639132264000000000", "134221032000000000",
        "13422103200000000", "17776296000000000", "/Date(1777629600000)/", "/Date(1777629600000+0200)/",
        '{"seconds":1777629600,"nanos":0}', '{"_seconds":1777629600,"_nanoseconds":0}', '{"seconds":"1777629600"}',
        "2026-05-01 12:00:00[Europe/Berlin]", "2026-05-01 12:00 [Europe/Berlin]", "2026-05-01 12:00:00 (CEST)",
        "01-May-26 10:00:00", "01-MAY-26 10.00.00.000000 AM", "Friday, 01-May-26 10:00:00 GMT",
        "1. Mai 2026, 10:00 Uhr", "1 de mayo de 2026 10:00", "2026年5月1日 10:00",
        "2026-05-01 10:00:00 am", "2026-05-01 10:00 a.m.",
    ],
)  # fmt: skip
def test_a_time_is_read_by_its_form(text: str) -> None:
    assert read(text) == TEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01 10:00:00,123", TEN + timedelta(milliseconds=123)),
        ("2026-05-01T10:00:00.1Z", TEN + timedelta(milliseconds=100)),
        ("20260501T100000.123456+0000", TEN + timedelta(microseconds=123456)),
        ("2026-05-01T10:00:00.123456789Z", TEN + timedelta(microseconds=123456)),
        ("1777629600123456789", TEN + timedelta(microseconds=123457)),
        ("2026-05-01", TEN - timedelta(hours=10)), ("20260501", TEN - timedelta(hours=10)),
        ("May 1, 2026", TEN - timedelta(hours=10)), ("01-May-2026", TEN - timedelta(hours=10)),
        ("2026-05-01 24:00", TEN + timedelta(hours=14)), ("2026-05-01T24:00:00Z", TEN + timedelta(hours=14)),
        ("2026-12-31 24:00:00", datetime(2027, 1, 1, tzinfo=UTC)),
        ("May 1, 2026 12:05 AM", TEN - timedelta(hours=9, minutes=55)),
        ("May 1, 2026 12:05 PM", TEN + timedelta(hours=2, minutes=5)),
        ("2026-06-30T23:59:60Z", datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_fractions_midnights_and_halves_of_the_day_are_read(text: str, expected: datetime) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "soon", "10:00", "2026-05", "2026-02-30", "2026-05-01T25:00", "2026-05-01 24:01", "2026-05-01 13:00 PM",
        "2026-13-01", "01/05/2026", "13/05/2026", "5/1/2026 1:05 PM", "01-05-2026", "2026-05-01 10:00 IST",
        "2026-05-01 10:00 XYZ", "2026-05-01 10:00 (somewhere)", "2026-05-01 10:00 [Middle/Earth]",
        "01.05.26", "32.05.2026", "2026-05-012", "-", "",
    ],
)  # fmt: skip
def test_what_is_no_time_or_may_be_several_is_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "rule", "expected"),
    [
        ("01/05/2026 10:00", {"order": "day_first"}, TEN), ("5/1/2026 10:00 AM", {"order": "month_first"}, TEN),
        ("01-05-2026 10:00:00", {"order": "day_first"}, TEN), ("05.01.2026 10:00", {"order": "month_first"}, TEN),
        ("Fri 01/05/2026 10:00", {"order": "day_first"}, TEN),
        ("2026-05-01 12:00", {"zone": "Europe/Berlin"}, TEN), ("01.05.2026 12:00", {"zone": "Europe/Berlin"}, TEN),
        ("2026-05-01 15:30 IST", {"zone": "Asia/Kolkata"}, TEN), ("2026-05-01 10:00Z", {"zone": "Europe/Berlin"}, TEN),
        ("01|05|26 10h", {"format": "%d|%m|%y %Hh"}, TEN), ("26-05-01 10:00:00", {"format": ["%d.%m.%Y",
        "%y-%m-%d %H:%M:%S"]}, TEN),
        ("2026-05-01 10:00:00,5", {"format": "%Y-%m-%d %H:%M:%S,%f"}, TEN + timedelta(seconds=0.5)),
        ("01.05.26 12:00 CEST", {"format": "%d.%m.%y %H:%M %Z"}, TEN),
        ("05/01/26 10:00 AM", {"format": "%m/%d/%y %I:%M %p"}, TEN),
        ("1777629600", {"unit": "s"}, TEN), ("1777629600000", {"unit": "ms"}, TEN),
        ("1.5", {"start": TEN}, TEN + timedelta(seconds=1.5)),
        ("90", {"start": TEN, "unit": "min"}, TEN + timedelta(minutes=90)),
        ("46143.5", {"start": "1899-12-30T00:00:00Z", "unit": "d"}, datetime(2026, 5, 1, 12, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_rule_says_what_a_text_leaves_open(text: str, rule: dict[str, Any], expected: datetime) -> None:
    assert read(text, **rule) == expected


def test_a_text_of_another_form_does_not_fit_a_format() -> None:
    assert read("2026-05-01", format="%d.%m.%Y") is None


@pytest.mark.parametrize("number", [20260501, 20260501.0])
def test_dates_in_digits_are_dates_as_numbers_too(number: float) -> None:
    dtype = pl.Int64() if isinstance(number, int) else pl.Float64()
    assert reads([number], dtype) == [TEN - timedelta(hours=10)]


def test_every_row_is_read_though_forms_are_mixed() -> None:
    texts = [
        "2026-05-01T10:00:00Z",
        None,
        "Fri, 01 May 2026 10:00:00 GMT",
        "soon",
        "1777629600",
        "2026-05-01 10:00:00,000",
    ]
    assert reads(texts) == [TEN, None, TEN, None, TEN, TEN]


SPELLINGS: dict[str, Callable[[datetime], str]] = {
    "ISO": lambda at: at.isoformat(),
    "Z": lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "log": lambda at: at.strftime("%Y-%m-%d %H:%M:%S,%f"),
    "basic": lambda at: at.strftime("%Y%m%dT%H%M%S.%fZ"),
    "slashes": lambda at: at.strftime("%Y/%m/%d %H:%M:%S.%f"),
    "points": lambda at: at.strftime("%d.%m.%Y %H:%M:%S.%f"),
    "mail": lambda at: at.strftime("%a, %d %b %Y %H:%M:%S.%f +0000"),
    "American": lambda at: at.strftime("%b %d, %Y %I:%M:%S.%f %p"),
    "zone": lambda at: (at + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.%f+0530"),
    "microseconds": lambda at: str(round(at.timestamp() * 1_000_000)),
    "nanoseconds": lambda at: str(round(at.timestamp() * 1_000_000) * 1000),
}
moments = st.integers(700_000_000_000_000, 1_790_000_000_000_000).map(
    lambda micros: datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros)
)


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(times=st.lists(moments, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_the_same_instants_are_read_from_every_spelling(spelling: str, times: list[datetime]) -> None:
    assert reads([SPELLINGS[spelling](at) for at in times]) == times


@pytest.mark.parametrize(("unit", "size"), [("s", 1), ("ms", 1000), ("us", 1_000_000)])
@given(seconds=st.integers(700_000_000, 1_790_000_000))
@settings(max_examples=25, deadline=None)
def test_numbers_since_1970_are_read_in_every_unit_and_type(unit: str, size: int, seconds: int) -> None:
    expected = datetime.fromtimestamp(seconds, UTC)
    rules: tuple[dict[str, Any], ...] = ({}, {"unit": unit})
    for rule in rules:
        assert reads([seconds * size], pl.Int64(), **rule) == [expected]
        assert reads([float(seconds * size)], pl.Float64(), **rule) == [expected]
        assert reads([str(seconds * size)], **rule) == [expected]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
@given(times=st.lists(moments, min_size=1, max_size=8))
@settings(max_examples=25, deadline=None)
def test_local_times_are_read_in_the_zone_of_the_rule(zone: str, times: list[datetime]) -> None:
    from zoneinfo import ZoneInfo

    clear = [at for at in times if at.astimezone(ZoneInfo(zone)).replace(fold=1).astimezone(UTC) == at.astimezone(
        ZoneInfo(zone)).replace(fold=0).astimezone(UTC)]  # fmt: skip
    local = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in clear]
    assert reads([at.isoformat(" ") for at in local], zone=zone) == clear
    assert reads(local, pl.Datetime("us"), zone=zone) == clear


@pytest.mark.parametrize(
    ("numbers", "units"),
    [
        ([799_322_400, 799_322_460], ["s", "s"]),
        ([20_574, 20_575], ["d"]),
        ([493_774, 493_775], ["h"]),
        ([29_626_440, 29_626_500], ["min"]),
        ([46_143.5, 46_144.25], ["d"]),
    ],
)
def test_numbers_that_are_too_small_for_times_of_this_century_are_asked_about(
    numbers: list[Any], units: list[str]
) -> None:
    (question,) = surveyed(calls(ts=numbers)).questions
    assert [option.rules["ts"]["unit"] for option in question.options] == units
    read = surveyed(calls(ts=numbers), answers=Answers(rules=question.options[0].rules)).good["ts"]
    assert {moment.year for moment in read} == {2026}


def test_dates_in_digits_are_no_small_numbers() -> None:
    assert not surveyed(calls(ts=[20_260_501, 20_260_502])).questions
