"""Lengths of time as rules have them."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from alerts.rules.durations import LONGEST, Length, parsed, written

SECONDS = st.integers(0, int(LONGEST.total_seconds()))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        (" 2d ", 172_800),
        ("1w1d1h1m1s", 694_861),
        ("48h", 172_800),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert parsed(text) == timedelta(seconds=seconds)


@given(SECONDS)
def test_what_is_written_is_read_as_it_was(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert parsed(written(length)) == length


@given(SECONDS)
def test_the_schema_knows_what_is_written(seconds: int) -> None:
    pattern = TypeAdapter(Length).json_schema()["pattern"]
    assert re.search(pattern, written(timedelta(seconds=seconds)))
    assert not re.search(pattern, "")


@pytest.mark.parametrize("text", ["", " ", "5", "0", "m", "1.5h", "5 m", "-5m", "5m1h", "5M", "five", 5, None, True])
def test_anything_else_says_what_is_expected(text: object) -> None:
    with pytest.raises(ValueError, match="is no length of time; expected a number and a unit such as 30s"):
        parsed(text)


@pytest.mark.parametrize("text", ["3661d", "999999999w", "999999999w999999999d", timedelta(seconds=-1)])
def test_what_no_moment_can_be_moved_by_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is no length of time from 0s to 3660d"):
        parsed(text)


def test_a_text_that_never_ends_is_not_repeated_in_full() -> None:
    with pytest.raises(ValueError, match=re.escape("...")) as refused:
        parsed("x" * 10_000)
    assert len(str(refused.value)) < 200
