"""When the prices changed of the models that were called."""

from datetime import datetime

import polars as pl

from metrics.engine import execution
from metrics.engine.context import Context
from metrics.engine.query import Query, Question, Window
from metrics.events.pricing import PriceBook, PriceError, Rates

MOST_MODELS = 30
"""Models looked at, those with most calls."""
PRICE = "price"
"""The `change_type` of these."""
_SCHEMA = {
    "ts": pl.Datetime("us", "UTC"), "ended_at": pl.Datetime("us", "UTC"), "change_type": pl.String, "name": pl.String,
    "severity": pl.String, "description": pl.String,
}  # fmt: skip


class PriceChanges(Question[pl.DataFrame]):
    """Prices that changed within a window, of models called in it, in order of time; columns as of `Changes`.

    By the price list and the home's `prices.yaml`; where that cannot be used, none: ingest says why.
    """

    window: Window


def answer(context: Context, question: PriceChanges) -> pl.DataFrame:
    """Of the models with most calls."""
    try:
        prices = PriceBook.load(context.settings.home / "prices.yaml")
    except PriceError:
        return pl.DataFrame(schema=_SCHEMA)
    query = Query(metrics=("llm_calls",), window=question.window, by=("provider", "model"))
    called = execution.answer(context, query).frame.drop_nulls("model").sort("llm_calls", descending=True)
    rows: list[tuple[datetime, None, str, str, None, str]] = []
    for provider, model in called.head(MOST_MODELS).select("provider", "model").iter_rows():
        for at, before, now in prices.changes(provider, model, question.window.start, question.window.end):
            rows.append((at, None, PRICE, model, None, f"{_words(before)} → {_words(now)} per million tokens"))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("ts", "name")


def _words(rates: tuple[Rates, ...]) -> str:
    """The prices of input and output; those of the longest requests are left out."""
    return f"${rates[0].input:g} in, ${rates[0].output:g} out" if rates else "no price"
