"""What each column may hold, said here once more by hand: the schema's own limits are what is tested."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.events import KINDS, Column, Kind
from metrics.events.checks import any_bad, checks, first_reason

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), NOW + timedelta(days=1)

Limits = tuple[float | None, float | None]
AT_LEAST_NOTHING: Limits = (0, None)
STATUS_CODE: Limits = (100, 599)
PERCENT: Limits = (0, 100)

NUMBERS: Mapping[str, Limits] = {
    "request.status_code": STATUS_CODE, "request.duration_ms": AT_LEAST_NOTHING,
    "request.response_bytes": AT_LEAST_NOTHING,
    "llm_call.duration_ms": AT_LEAST_NOTHING, "llm_call.time_to_first_token_ms": AT_LEAST_NOTHING,
    "llm_call.input_tokens": AT_LEAST_NOTHING, "llm_call.cached_input_tokens": AT_LEAST_NOTHING,
    "llm_call.cache_write_tokens": AT_LEAST_NOTHING, "llm_call.output_tokens": AT_LEAST_NOTHING,
    "llm_call.reasoning_tokens": AT_LEAST_NOTHING, "llm_call.cost_usd": AT_LEAST_NOTHING,
    "llm_call.cache_savings_usd": AT_LEAST_NOTHING,
    "prompt.length_chars": AT_LEAST_NOTHING, "prompt.quality_score": PERCENT, "prompt.version": AT_LEAST_NOTHING,
    "pipeline_run.duration_ms": AT_LEAST_NOTHING, "pipeline_run.steps": AT_LEAST_NOTHING,
    "web_vital.value": AT_LEAST_NOTHING,
    "feedback.nps_score": (0, 10), "feedback.csat_score": (1, 5),
    "resource.cpu_percent": PERCENT, "resource.cpu_cores": AT_LEAST_NOTHING,
    "resource.load_average": AT_LEAST_NOTHING, "resource.memory_used_mb": AT_LEAST_NOTHING,
    "resource.memory_available_mb": AT_LEAST_NOTHING, "resource.storage_used_gb": AT_LEAST_NOTHING,
    "resource.storage_available_gb": AT_LEAST_NOTHING, "resource.active_connections": AT_LEAST_NOTHING,
    "health.response_time_ms": AT_LEAST_NOTHING, "health.status_code": (0, 599),
    "span.duration_ms": AT_LEAST_NOTHING,
}  # fmt: skip
SEVERITIES = "critical error warning info"
WORDS: Mapping[str, str] = {
    "llm_call.status": "ok error rate_limited timeout content_filtered cancelled",
    "llm_call.cost_source": "reported priced unpriced",
    "prompt.action": "created edited executed deleted", "prompt.outcome": "success failure",
    "pipeline_run.status": "success failure cancelled running",
    "web_vital.name": "lcp fid cls fcp ttfb inp",
    "feedback.sentiment": "positive neutral negative",
    "error.severity": SEVERITIES, "error.status": "open resolved",
    "health.status": "healthy degraded down unknown",
    "change.change_type": "deployment config maintenance incident", "change.severity": SEVERITIES,
    "security.outcome": "allowed blocked", "security.severity": SEVERITIES,
}  # fmt: skip
REQUIRED = (
    "prompt.prompt_id", "pipeline_run.pipeline_id", "web_vital.name", "web_vital.value", "resource.host",
    "health.component", "health.status", "change.change_type", "security.action",
    "span.name",
)  # fmt: skip
PARTS = (("cached_input_tokens", "input_tokens"), ("reasoning_tokens", "output_tokens"))

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def columns() -> Iterator[tuple[str, Column]]:
    """Every column that only its kind has, under its full name."""
    for kind in KINDS.values():
        yield from ((f"{kind.name}.{column.name}", column) for column in kind.own_columns)


def of(name: str) -> tuple[Kind, Column]:
    kind, column = name.split(".")
    return KINDS[kind], KINDS[kind].by_name[column]


def example(column: Column) -> Any:
    """A good value of a column."""
    return 1 if column.dtype.is_numeric() else (*column.one_of, "x")[0]


def reason(kind: Kind, **values: Any) -> str | None:
    """Why an event of a kind is rejected that has these values, and beside them only what it must have."""
    needed = {column.name: example(column) for column in kind.columns if column.required}
    event = {**needed, "ts": NOW, **values}
    table = pl.DataFrame({name: [event.get(name)] for name in kind.schema}, schema=kind.schema)
    every = list(checks(kind, NOW))
    bad, said = table.select(any_bad(every).alias("bad"), first_reason(every).alias("said")).row(0)
    assert bad == (said is not None)
    return said


def test_every_number_and_every_word_is_in_the_tables_here() -> None:
    assert set(NUMBERS) == {name for name, column in columns() if column.dtype.is_numeric()}
    assert set(WORDS) == {name for name, column in columns() if column.one_of}
    assert set(REQUIRED) == {name for name, column in columns() if column.required}


@EVERY_KIND
def test_an_event_with_only_what_it_must_have_is_good(kind: Kind) -> None:
    assert reason(kind) is None


@EVERY_KIND
def test_times_from_1990_to_a_day_from_now_are_good(kind: Kind) -> None:
    assert reason(kind, ts=EARLIEST) is None
    assert reason(kind, ts=LATEST) is None


@EVERY_KIND
@pytest.mark.parametrize(
    ("ts", "written"),
    [
        (EARLIEST - MICROSECOND, "1989-12-31T23:59:59.999999+00:00"),
        (LATEST + MICROSECOND, "2026-05-02T12:00:00.000001+00:00"),
    ],
    ids=["before", "after"],
)
def test_times_outside_of_that_are_bad(kind: Kind, ts: datetime, written: str) -> None:
    assert reason(kind, ts=ts) == f"ts is {written}; expected a time from 1990-01-01 to a day from now"


@EVERY_KIND
def test_an_event_without_a_time_is_bad(kind: Kind) -> None:
    assert reason(kind, ts=None) == "ts is missing"


@pytest.mark.parametrize("name", REQUIRED)
def test_an_event_without_what_its_kind_must_have_is_bad(name: str) -> None:
    kind, column = of(name)
    assert reason(kind, **{column.name: None}) == f"{column.name} is missing"


@pytest.mark.parametrize("name", [name for name, column in columns() if not column.required])
def test_an_event_may_lack_everything_else(name: str) -> None:
    kind, column = of(name)
    assert reason(kind, **{column.name: None}) is None


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_at_their_limits_are_good(name: str) -> None:
    kind, column = of(name)
    whole = {total: 2 for part, total in PARTS if part == column.name}
    for limit in NUMBERS[name]:
        assert limit is None or reason(kind, **{column.name: limit, **whole}) is None


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_just_beyond_their_limits_are_bad(name: str) -> None:
    kind, column = of(name)
    step = 1 if column.dtype.is_integer() else 0.001
    for limit, beyond, said in zip(NUMBERS[name], (-step, step), ("at least", "at most"), strict=True):
        if limit is not None:
            wrong = reason(kind, **{column.name: limit + beyond})
            assert wrong == f"{column.name} is {limit + beyond}; expected {said} {limit}"


@pytest.mark.parametrize("name", [name for name, column in columns() if column.dtype.is_float()])
@pytest.mark.parametrize(("value", "written"), [("nan", "NaN"), ("inf", "inf"), ("-inf", "-inf")])
def test_what_is_no_number_is_bad(name: str, value: str, written: str) -> None:
    kind, column = of(name)
    assert reason(kind, **{column.name: float(value)}) == f"{column.name} is {written}; expected a number"


@pytest.mark.parametrize("name", WORDS)
def test_every_known_word_is_good(name: str) -> None:
    kind, column = of(name)
    assert {reason(kind, **{column.name: word}) for word in WORDS[name].split()} == {None}


@pytest.mark.parametrize("name", WORDS)
def test_any_other_word_is_bad(name: str) -> None:
    kind, column = of(name)
    expected = ", ".join(WORDS[name].split())
    for word in ("odd", WORDS[name].split()[0].upper(), ""):
        assert reason(kind, **{column.name: word}) == f"{column.name} is {word}; expected one of {expected}"


def test_a_very_long_word_is_cut_in_the_reason() -> None:
    said = reason(KINDS["health"], status="x" * 5000)
    assert said is not None
    assert said.startswith("status is " + "x" * 100 + ";")


@pytest.mark.parametrize(("part", "total"), PARTS)
def test_tokens_may_be_all_of_those_they_are_part_of_and_no_more(part: str, total: str) -> None:
    kind = KINDS["llm_call"]
    assert reason(kind, **{part: 7, total: 7}) is None
    assert reason(kind, **{part: 8, total: 7}) == f"{part} is 8; expected at most the {total}, 7"
    assert reason(kind, **{part: 8}) is None


NUMBER = st.one_of(
    st.none(), st.integers(-3, 700), st.floats(-3, 700), st.sampled_from([float("nan"), float("inf"), -0.0])
)


@given(rows=st.lists(st.tuples(NUMBER, st.none() | st.integers(-3, 700)), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_a_row_is_judged_by_itself_whatever_rows_lie_beside_it(rows: list[tuple[float | None, int | None]]) -> None:
    kind = KINDS["request"]
    told = [reason(kind, duration_ms=duration, status_code=status) for duration, status in rows]
    made = {"duration_ms": [row[0] for row in rows], "status_code": [row[1] for row in rows], "ts": [NOW] * len(rows)}
    table = pl.DataFrame(
        {name: made.get(name, [None] * len(rows)) for name in kind.schema}, schema=kind.schema, strict=False
    )
    assert table.select(first_reason(list(checks(kind, NOW))).alias("said"))["said"].to_list() == told
