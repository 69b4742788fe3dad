"""Numbers, spans and foreign text as a reader sees them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app import wording


@pytest.mark.parametrize(
    ("value", "previous", "unit", "shown"),
    [
        (110.0, 100.0, "ms", "+10.0 %"),
        (90.0, 100.0, "USD", "-10.0 %"),
        (0.62, 0.5, "%", "+0.12 pp"),
        (4.4, -2.6, "points", "+7.00 points"),
        (5.0, 5.0, "ms", "0 %"),
        (5.0, 0.0, "ms", None),
        (0.0, 0.0, "ms", "0 %"),
        (None, 5.0, "ms", None),
        (5.0, None, "ms", None),
        (5000.0, 1.0, "ms", ">999 %"),
    ],
)
def test_changes(value: float | None, previous: float | None, unit: str, shown: str | None) -> None:
    assert wording.change(value, previous, unit) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=12), "12 s"),
        (timedelta(hours=3, minutes=59), "3 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=800), "2 years"),
    ],
)
def test_ages(length: timedelta, shown: str) -> None:
    assert wording.age(length) == shown


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(hours=24), "24 h"),
        (timedelta(hours=2, minutes=30), "2 h 30 min"),
        (timedelta(seconds=30), "30 s"),
    ],
)
def test_spans(length: timedelta, shown: str) -> None:
    assert wording.span(length) == shown


def test_a_window_within_a_day_names_the_day_once() -> None:
    start = datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert wording.between(start, start + timedelta(hours=2), ZoneInfo("Europe/Berlin")) == "04 Mar 2026 11:00 – 13:00"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "(none)"), ("", "(empty)"), ("\x00\n\t", "(empty)"), ("a\nb", "a b"), ("x" * 10_000, "x" * 59 + "…")],
)
def test_foreign_names_become_one_short_line(value: str | None, shown: str) -> None:
    assert wording.name(value) == shown


def test_markdown_shows_text_as_it_is() -> None:
    assert wording.markdown("[x](h) :red[a] $b$") == r"\[x\]\(h\) \:red\[a\] \$b\$"


@pytest.mark.parametrize("address", ["https://evil.example/x", "HTTP://h", "www.evil.example", "ada@example.com"])
def test_markdown_makes_no_link_of_an_address(address: str) -> None:
    said = wording.markdown(address).replace("\\", "")
    assert said != address
    assert said.replace("\N{WORD JOINER}", "") == address


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("`state` may be its status_code", "`state` may be its status\\_code"),
        ("`:red[x]` and :red[y]", "`:red[x]` and \\:red\\[y\\]"),
        ("one ` alone", "one \\` alone"), ("`` nothing", "\\`\\` nothing"),
    ],
)  # fmt: skip
def test_names_in_backticks_are_code_and_all_else_is_text(text: str, shown: str) -> None:
    assert wording.with_code(text) == shown
