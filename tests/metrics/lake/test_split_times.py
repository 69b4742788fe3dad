"""Days in one column and times of day in another are one moment."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl
import pytest

from metrics.events.questions import Answers
from tests.metrics.lake.meanings import Became, became

ROWS = 6
FIRST = datetime(2026, 5, 3, 21, 0, tzinfo=UTC)
CLOCKS = [f"21:0{number}:00" for number in range(ROWS)]


def calls(folder: Path, said: Mapping[str, Sequence[object]]) -> Path:
    """A file of calls with these columns beside the others."""
    frame = pl.DataFrame({**said, "model": "gpt-4o", "prompt_tokens": [100] * ROWS, "completion_tokens": 20})
    if any(isinstance(one, date | time) for values in said.values() for one in values):
        frame.write_parquet(folder / "calls.parquet")
        return folder / "calls.parquet"
    frame.write_csv(folder / "calls.csv")
    return folder / "calls.csv"


def moments(file: Became) -> list[datetime]:
    return file.events["llm_call"]["ts"].to_list()


@pytest.mark.parametrize(
    "said",
    [
        {"date": ["2026-05-03"] * ROWS, "time": CLOCKS},
        {"Event Date": ["03.05.2026"] * ROWS, "Time": CLOCKS},
        {"Datum": ["2026/05/03"] * ROWS, "time": [f"9:0{number} PM" for number in range(ROWS)]},
        {"date": ["2026-05-03"] * ROWS, "time": [f"23:0{number}:00+02:00" for number in range(ROWS)]},
        {"day": [date(2026, 5, 3)] * ROWS, "time": [time(21, number) for number in range(ROWS)]},
    ],
)
def test_a_day_and_a_time_of_day_are_the_moment(said: Mapping[str, Sequence[object]], tmp_path: Path) -> None:
    file = became(calls(tmp_path, said))
    assert not file.questions
    assert moments(file) == [FIRST.replace(minute=number) for number in range(ROWS)]
    assert "together" in " ".join(file.notes)


def test_which_number_of_the_day_is_the_month_is_asked(tmp_path: Path) -> None:
    path = calls(tmp_path, {"date": ["03/05/2026"] * ROWS, "time": CLOCKS})
    (question,) = became(path).questions
    assert "is 03 day or month?" in question.asks
    day_first, month_first = (became(path, answers=Answers(rules=option.rules)) for option in question.options)
    assert moments(day_first)[0] == FIRST
    assert moments(month_first)[0] == FIRST.replace(month=3, day=5)


@pytest.mark.parametrize(
    "said",
    [
        {"due_date": ["2026-05-03"] * ROWS, "time": CLOCKS},
        {"date": ["2026-05-03"] * ROWS, "day": ["2026-05-04"] * ROWS, "time": CLOCKS},
        {"date": ["a day"] * ROWS, "time": CLOCKS},
    ],
    ids=["of something else", "two days", "no day"],
)
def test_what_may_be_no_day_of_it_is_no_part_of_the_moment(
    said: Mapping[str, Sequence[object]], tmp_path: Path
) -> None:
    file = became(calls(tmp_path, said))
    assert "would be rejected" in file.asks
    assert not file.events


def test_days_without_times_of_day_are_still_taken_for_sums(tmp_path: Path) -> None:
    file = became(calls(tmp_path, {"date": ["2026-05-03"] * ROWS, "timestamp": ["2026-05-03"] * ROWS}))
    assert "a row looks like a sum of events" in file.asks
