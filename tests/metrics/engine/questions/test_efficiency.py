"""Calls by tokens and cost, and by who made them, are counted right from events and from rollups."""

from datetime import UTC, datetime, timedelta
from math import floor, log10
from pathlib import Path
from shutil import rmtree

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from metrics.engine import Efficiency, Engine, Filter, Query, Window
from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

CALLS = pl.DataFrame(
    {
        "ts": [NOON + n * timedelta(minutes=41) for n in range(300)],
        "event_id": [str(n) for n in range(300)],
        "provider": [["openai", "mistral", None][n % 3] for n in range(300)],
        "model": [["large", "small"][n % 2] for n in range(300)],
        # Powers of ten lie on an edge, and logarithms of them come out a little too small.
        "input_tokens": [[1000, 10, None, 0, 7][n % 5] for n in range(300)],
        "output_tokens": [[0, 90, 3, None, n][n % 5] for n in range(300)],
        "cost_usd": [[0.001, 0.0, None, 1e-15, 0.002 * n, 10.0, 1e30][n % 7] for n in range(300)],
    },
    infer_schema_length=None,
)
"""Twelve and a half days of calls, from a noon."""


def by_hand(window: Window, provider: str | None = None) -> dict[tuple[object, ...], int]:
    """Calls by provider, model and the steps of tokens and cost."""
    found: dict[tuple[object, ...], int] = {}
    for row in CALLS.iter_rows(named=True):
        tokens, cost = (row["input_tokens"] or 0) + (row["output_tokens"] or 0), row["cost_usd"] or 0
        inside = window.start <= row["ts"] < window.end and provider in (None, row["provider"])
        if inside and tokens > 0 and cost > 0:
            steps = (min(max(floor(10 * log10(one) + 1e-9), least), most) for one, least, most in
                     ((tokens, 0, 127), (cost, -128, 127)))  # fmt: skip
            key = (row["provider"], row["model"], *steps)
            found[key] = found.get(key, 0) + 1
    return found


SPANS = {
    "all of it": (timedelta(0), timedelta(days=13)),
    "cut": (timedelta(days=2, hours=3), timedelta(days=4)),
    "hours": (timedelta(0), timedelta(hours=5)),
}


@pytest.mark.parametrize("provider", [None, "openai"])
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("has_rollup", [True, False])
def test_calls_are_counted_by_tokens_and_cost(
    tmp_path: Path, provider: str | None, span: str, has_rollup: bool
) -> None:
    for part in range(2):
        store(tmp_path, "llm_call", CALLS.gather_every(2, part))
    if not has_rollup:
        rmtree(tmp_path / "rollups" / "llm_call_efficiency")
        rmtree(tmp_path / "rollups" / "llm_call_spending")
    filters = (Filter(dimension="provider", values=(provider,)),) if provider else ()
    start, end = SPANS[span]
    window = Window(start=NOON + start, end=NOON + end)
    found = Engine(Settings(home=tmp_path)).answer(Efficiency(window=window, filters=filters))
    assert found.one_in == 1
    steps: dict[tuple[object, ...], int] = {}
    for row in found.frame.iter_rows(named=True):
        middles = (round(10 * log10(row[name]) - 0.5) for name in ("tokens", "cost"))
        steps[row["provider"], row["model"], *middles] = row["calls"]
    assert steps == by_hand(window, provider)


def test_what_users_spend_is_read_from_the_days_of_each(tmp_path: Path) -> None:
    spent = CALLS.with_columns(user_id=pl.Series([["ada", "bob", None][n % 3] for n in range(300)]))
    store(tmp_path, "llm_call", spent)
    engine = Engine(Settings(home=tmp_path))
    window = Window(start=NOON + timedelta(hours=7), end=NOON + timedelta(days=9, hours=1))
    query = Query(metrics=("cost", "llm_calls", "tokens"), by=("user_id",), window=window)
    found = engine.answer(query)
    assert found.source == "rollup llm_call_spending"
    assert_frame_equal(found.frame, engine.answer(query.model_copy(update={"raw": True})).frame)
    assert found.frame.height == 3
