"""Numbers, durations, and yes and no as people write them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from metrics.events.mapping.mappings import Mappings
from tests.metrics.events.conftest import TIME, call, request

Event = Callable[..., dict[str, Any]]
Reasons = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0.0123", 0.0123), ("$0.0123", 0.0123), ("USD 0.01", 0.01), ("0.01 USD", 0.01), ("US$0.01", 0.01),
        ("$ 1,234.56", 1234.56),
        ("1e-3", 0.001), ("1.234,56", 1234.56), ("1,234,567", 1234567), ("0,0123", 0.0123), (",5", 0.5),
        ("1 234.5", 1234.5),
        ("1'234.5", 1234.5), (Decimal("0.0123"), 0.0123), (1, 1.0),
    ],
)  # fmt: skip
def test_costs_are_read(event: Event, written: Any, expected: float) -> None:
    assert event(call(cost_usd=[written]))["cost_usd"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("€0.01", "US dollars"), ("0.01 EUR", "US dollars"), ("£1", "US dollars"), ("1,234", "thousands or decimals"),
        ("cheap", "expected a number"), ("1.2.3", "expected a number"),
    ],
)  # fmt: skip
def test_what_is_no_cost_in_dollars_is_a_reason(reasons: Reasons, written: str, reason: str) -> None:
    (said,) = reasons(call(cost_usd=[written]))
    assert said.startswith(f"cost_usd is {written}; expected a number")
    assert reason in said


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("9223372036854775807", 2**63 - 1), ("9007199254740993", 2**53 + 1), ("1e3", 1000), ("12.0", 12), (" 12 ", 12),
        (12.0, 12), (Decimal("12"), 12), ("1,234,567", 1234567), ("12 tokens", 12),
    ],
)  # fmt: skip
def test_whole_numbers_are_exact(event: Event, written: Any, expected: int) -> None:
    assert event(call(input_tokens=[written]))["input_tokens"] == expected


@pytest.mark.parametrize("written", ["1.5", 1.5, Decimal("1.5"), "1,234", "many", 1e17])
def test_what_is_no_whole_number_is_a_reason(reasons: Reasons, written: Any) -> None:
    (said,) = reasons(call(input_tokens=[written]))
    assert "expected a whole number" in said


@pytest.mark.parametrize(("decimal", "written", "expected"), [
    ("comma", "1,234", 1.234), ("comma", "1.234", 1234), ("comma", "12", 12), ("point", "1,234", 1234), ("point",
    "1.234", 1.234),
])  # fmt: skip
def test_a_rule_says_what_the_comma_stands_before(event: Event, decimal: str, written: str, expected: float) -> None:
    columns = {"ts": "ts", "model": "model", "cost_usd": {"from": "cost", "decimal": decimal}}
    own = Mappings.model_validate({"own": [{"name": "own", "kind": "llm_call", "columns": columns}]})
    rows = {"ts": [TIME], "model": ["m"], "cost": [written]}
    assert event(rows, mappings=own, map_name="own")["cost_usd"] == pytest.approx(expected)


def test_a_percent_sign_is_no_part_of_a_share(event: Event) -> None:
    assert event({"ts": [TIME], "host": ["a"], "cpu_percent": ["12 %"]})["cpu_percent"] == 12


@pytest.mark.parametrize(
    ("columns", "milliseconds"),
    [
        ({"duration_ms": ["350ms"]}, 350), ({"duration_ms": ["1h2m3.5s"]}, 3_723_500),
        ({"duration_ms": ["PT2M3.5S"]}, 123_500), ({"duration_ms": ["P1DT1S"]}, 86_401_000),
        ({"duration_ms": ["2 min 3 s"]}, 123_000), ({"duration_ms": ["1,5 s"]}, 1500),
        ({"duration_ms": ["1.5 s"]}, 1500), ({"latency": ["250µs"]}, 0.25),
        ({"duration_ms": ["2m"]}, 120_000), ({"duration_ms": ["0:00:01.5"]}, 1500),
        ({"duration_ms": ["0 days 00:01:00"]}, 60_000),
        ({"durationMs": [15]}, 15), ({"latencySeconds": [1.5]}, 1500), ({"response_time_in_ms": ["15"]}, 15),
        ({"latency_us": ["1500"]}, 1.5), ({"duration_nanoseconds": [1_500_000]}, 1.5), ({"latency_s": ["1e-1"]}, 100),
        ({"duration_ms": pl.Series([1_500_000_000], dtype=pl.Time)}, 1500),
    ],
    ids=str,
)  # fmt: skip
def test_durations_are_read_with_the_unit_in_their_name_or_beside_them(
    event: Event, columns: dict[str, Any], milliseconds: float
) -> None:
    assert event(request(**columns))["duration_ms"] == pytest.approx(milliseconds)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("TRUE", True), ("False", False), ("yes", True), ("N", False), ("0", False), ("1", True), ("on", True),
    ("off", False),
     (1, True), (0, False), (1.0, True), (True, True), ("y ", True)],
)  # fmt: skip
def test_yes_and_no_are_read(event: Event, written: Any, expected: bool) -> None:
    assert event(call(cache_hit=[written]))["cache_hit"] is expected


@pytest.mark.parametrize("written", ["maybe", 2, "-1"])
def test_what_is_neither_is_a_reason(reasons: Reasons, written: Any) -> None:
    assert reasons(call(cache_hit=[written])) == [f"cache_hit is {written}; expected true or false"]
