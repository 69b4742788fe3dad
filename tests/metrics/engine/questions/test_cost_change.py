"""What made the cost of a window differ: the parts add up, and a single dear call is no rise of prices."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.engine import Engine
from metrics.engine.query import Filter, Window
from metrics.engine.questions import cost_change
from metrics.engine.questions.cost_change import FACTORS, CostChange, CostChanged
from metrics.settings import Settings
from tests.metrics.engine.stored import store

TUESDAY = datetime(2026, 3, 10, tzinfo=UTC)
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
Call = tuple[datetime, str, float | None, int]


def calls(day: datetime, model: str, count: int, cost: float | None, tokens: int) -> list[Call]:
    return [(day + n * timedelta(minutes=1), model, cost, tokens) for n in range(count)]


def answered(home: Path, events: list[Call], weeks: int = 1, filters: tuple[Filter, ...] = ()) -> CostChanged:
    schema = {"ts": pl.Datetime("us", "UTC"), "model": pl.String, "cost_usd": pl.Float64, "input_tokens": pl.Int64}
    frame = pl.DataFrame(events, schema=schema, orient="row")
    if frame.height:
        store(home, "llm_call", frame.with_row_index("event_id").with_columns(provider=pl.lit("openai")))
    baselines = tuple(Window(start=TUESDAY - n * WEEK, end=TUESDAY - n * WEEK + DAY) for n in range(1, weeks + 1))
    question = CostChange(window=Window(start=TUESDAY, end=TUESDAY + DAY), baselines=baselines, filters=filters)
    return Engine(Settings(home=home)).answer(question)


def rounded(found: CostChanged) -> dict[str, float]:
    return {name: round(value, 6) for name, value in found.of_factors.items() if round(value, 6)}


BEFORE = calls(TUESDAY - WEEK, "small", 100, 0.01, 100)
CASES = {
    "volume": (calls(TUESDAY, "small", 200, 0.01, 100), {"volume": 1.0}),
    "tokens": (calls(TUESDAY, "small", 100, 0.03, 300), {"tokens": 2.0}),
    "price": (calls(TUESDAY, "small", 100, 0.02, 100), {"price": 1.0}),
    "mix": (
        calls(TUESDAY, "small", 50, 0.01, 100) + calls(TUESDAY + DAY / 2, "large", 50, 0.05, 100), {"mix": 2.0},
    ),
    "a model that nobody counts the tokens of": (
        calls(TUESDAY, "small", 50, 0.01, 100) + calls(TUESDAY + DAY / 2, "large", 50, 0.05, 0), {"mix": 2.0},
    ),
    "nothing": ([], {"volume": -1.0}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_change_of_one_factor_is_that_factor(case: str, tmp_path: Path) -> None:
    events, expected = CASES[case]
    found = answered(tmp_path, BEFORE + events)
    assert rounded(found) == expected
    assert sum(expected.values()) == pytest.approx((found.cost or 0) - (found.before or 0))


def test_one_call_is_named_and_is_no_price(tmp_path: Path) -> None:
    dear = calls(TUESDAY + DAY / 2, "small", 1, 9_990.0, 100)
    found = answered(tmp_path, BEFORE + calls(TUESDAY, "small", 100, 0.01, 100) + dear)
    assert [(call.cost, call.ts, call.model) for call in found.outliers] == [(9_990.0, TUESDAY + DAY / 2, "small")]
    assert rounded(found) == {"outliers": 9_990.0}
    back = answered(tmp_path / "other", BEFORE + calls(TUESDAY, "small", 5, 0.01, 100))
    assert back.outliers == ()


def test_such_a_call_of_the_days_before_is_taken_off_by_its_share(tmp_path: Path) -> None:
    dear = calls(TUESDAY - WEEK + DAY / 2, "small", 1, 100.0, 100)
    events = BEFORE + calls(TUESDAY - 2 * WEEK, "small", 100, 0.01, 100) + calls(TUESDAY, "small", 100, 0.01, 100)
    found = answered(tmp_path, events + dear, weeks=2)
    assert rounded(found) == {"outliers": -50.0}
    assert (found.before, found.baselines) == (51.0, 2)


def test_calls_without_a_price_are_counted_beside_and_are_not_0(tmp_path: Path) -> None:
    found = answered(tmp_path, BEFORE + calls(TUESDAY, "small", 3, None, 100))
    assert (found.cost, found.before, found.unpriced) == (None, 1.0, 3)


def test_without_any_call_nothing_is_known(tmp_path: Path) -> None:
    found = answered(tmp_path, [])
    assert (found.cost, found.before, found.outliers, found.parts.height) == (None, None, (), 0)


SUMS = st.tuples(st.integers(0, 1_000), st.integers(0, 10_000), st.floats(0, 1_000, allow_subnormal=False))
MODELS = st.dictionaries(st.sampled_from("abcd"), SUMS, max_size=4)


def _frame(sums: dict[str, tuple[int, int, float]]) -> pl.DataFrame:
    """What no call has has no tokens and no cost either."""
    rows = [("p", model, float(cost) * bool(n), float(n), float(tokens) * bool(n), 0.0)
            for model, (n, tokens, cost) in sums.items()]  # fmt: skip
    names = ["d0", "d1", "cost", "priced_calls", "priced_tokens", "unpriced_calls"]
    kinds = [pl.String, pl.String, *[pl.Float64] * 4]
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(MODELS, MODELS)
def test_parts_add_up_model_by_model(
    before: dict[str, tuple[int, int, float]], now: dict[str, tuple[int, int, float]]
) -> None:
    found = cost_change.decomposed(_frame(before), _frame(now))
    for row in found.iter_rows(named=True):
        assert sum(row[name] for name in FACTORS) == pytest.approx(row["cost"] - row["before"], abs=1e-6, rel=1e-9)
