"""Weekly spans: moments within, moments without, by the clock on the wall."""

from datetime import datetime

import pytest

from alerts.rules.time_intervals import Weekly

SPANS = {
    "sun 02:00-04:00 Europe/Berlin": (
        ["2026-05-03T02:00+02:00", "2026-05-03T03:59:59+02:00", "2026-05-03T00:30+00:00"],
        ["2026-05-03T01:59:59+02:00", "2026-05-03T04:00+02:00", "2026-05-03T03:00+00:00", "2026-05-04T03:00+02:00"],
    ),
    "mon-fri 9:00-17:00": (
        ["2026-05-04T09:00+00:00", "2026-05-08T16:59+00:00"],
        ["2026-05-02T12:00+00:00", "2026-05-03T12:00+00:00", "2026-05-08T17:00+00:00"],
    ),
    # Over midnight: it is the day on which it begins that is named.
    "fri 22:00-06:00": (
        ["2026-05-01T22:00+00:00", "2026-05-02T05:59+00:00"],
        ["2026-05-01T05:00+00:00", "2026-05-02T06:00+00:00", "2026-05-02T22:00+00:00"],
    ),
    "sat-mon,wed 00:00-24:00": (
        ["2026-05-02T00:00+00:00", "2026-05-04T23:59+00:00", "2026-05-06T12:00+00:00"],
        ["2026-05-01T23:59+00:00", "2026-05-05T00:00+00:00"],
    ),
    "12:00-12:00 UTC": (["2026-05-01T12:00+00:00", "2026-05-01T11:59+00:00"], []),
    # The clocks go forward at 2, so that the span is an hour, and back at 3, so that it is three.
    "SUN 2:00-4:00 Europe/Berlin": (
        ["2026-03-29T01:00+00:00", "2026-03-29T01:59+00:00", "2026-10-25T00:00+00:00", "2026-10-25T02:59+00:00"],
        ["2026-03-29T00:59+00:00", "2026-03-29T02:00+00:00", "2026-10-24T23:59+00:00", "2026-10-25T03:00+00:00"],
    ),
}


@pytest.mark.parametrize("text", SPANS)
def test_a_span_covers_what_the_clock_on_the_wall_says(text: str) -> None:
    within, without = SPANS[text]
    span = Weekly.of(text)
    assert [moment for moment in within if not span.covers(datetime.fromisoformat(moment))] == []
    assert [moment for moment in without if span.covers(datetime.fromisoformat(moment))] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no span; expected such as"),
        ("sunday 02:00-04:00", "is no span; expected such as"),
        ("mon-tue-wed 02:00-04:00", "is no span; expected such as"),
        ("sun 02:00", "is no span; expected such as"),
        ("sun 25:00-26:00", "hour must be in 0..23"),
        ("sun 24:00-25:00", "hour must be in 0..23"),
        ("sun 02:60-03:00", "minute must be in 0..59"),
        ("sun 02:00-04:00 Europe/Berlni", "'Europe/Berlni' is no time zone; the nearest is 'Europe/Berlin'"),
        ("sun 02:00-04:00 ../passwd", "'../passwd' is no time zone"),
    ],
)
def test_what_is_no_span_says_what_is_expected(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Weekly.of(text)
