"""Questions about what the language models cost, and what that is worth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from app import answers
from app.queries.asking import Answer, ask, over, shown, value
from app.source import source
from app.state import View
from metrics.engine import Efficiency, MonthForecast
from metrics.engine.query import Filter, Grain

MOST_SPENDERS = 200
_SPENDER_METRICS = ("cost", "llm_calls", "tokens", "cost_per_1k_tokens")


@dataclass(frozen=True, slots=True)
class Budget:
    """What the month may cost, has cost, and is expected to cost, in USD; None is not known."""

    budget: float | None
    spent: float | None
    projected: float | None
    low: float | None
    high: float | None


def spend(view: View) -> Answer:
    """Cost by provider: by day from three days on, by hour from twelve hours on, else finer."""
    length = shown(view).window.length
    grain = Grain.DAY if length >= timedelta(days=3) else Grain.HOUR if length >= timedelta(hours=12) else Grain.AUTO
    plain = replace(view, compare=False)
    answer = ask(plain, ("cost",), by=("provider",), grain=grain)
    return replace(answer, note=_unpriced_note(plain))


def split(dimension: str) -> Callable[[View], Answer]:
    """Cost by the values of a dimension, over the window."""

    def asked(view: View) -> Answer:
        plain = replace(view, compare=False)
        return replace(ask(plain, ("cost",), by=(dimension,), grain=Grain.NONE), note=_unpriced_note(plain))

    return asked


def outlook(view: View) -> Answer:
    """Cost by day over the month, and what is expected of the rest of it."""
    window = shown(view).window
    question = MonthForecast(metric="cost", window=window, filters=view.filters, tz=view.tz)
    return over(view, window, "llm_call", lambda: answers.ask(question))


def efficiency(view: View) -> Answer:
    """LLM calls by tokens and cost."""
    window, notes = shown(view).window, list[str]()

    def points() -> pl.DataFrame:
        sampled = answers.ask(Efficiency(window=window, filters=view.filters))
        notes.append(f"estimated from one of {sampled.one_in} calls" if sampled.one_in > 1 else "all calls, in bins")
        return sampled.frame

    answer = over(view, window, "llm_call", points)
    return replace(answer, note=" · ".join(notes))


def budget(view: View) -> Budget:
    """The month in which the window ends, against its budget."""
    window = shown(view).window
    month = window.end.astimezone(view.zone) - timedelta(microseconds=1)
    start = month.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    of_month = replace(
        view, range=window.model_copy(update={"start": start.astimezone(window.end.tzinfo)}), compare=False
    )
    names = ("cost", "cost_projection", "cost_projection_low", "cost_projection_high")
    answer = ask(of_month, names, grain=Grain.NONE)
    spent, projected, low, high = (value(answer, name) for name in names)
    return Budget(source().settings.money.monthly_budget_usd or None, spent, projected, low, high)


def cost_by(dimension: str, search: str) -> Callable[[View], Answer]:
    """Cost, calls and tokens by the values of a dimension, the most expensive first; `search` is contained in them."""

    def asked(view: View) -> Answer:
        found = Filter(dimension=dimension, operator="contains", values=(search,))
        narrowed = replace(view, compare=False, filters=(*view.filters, found) if search else view.filters)
        answer = ask(narrowed, _SPENDER_METRICS, by=(dimension,), grain=Grain.NONE)
        if answer.is_empty:
            return answer
        ranked = answer.frame.sort("cost", "llm_calls", descending=True, nulls_last=True)
        note = f"{MOST_SPENDERS} of {ranked.height:,}, the most expensive" if ranked.height > MOST_SPENDERS else ""
        return replace(answer, frame=ranked.head(MOST_SPENDERS), note=note)

    return asked


def unpriced(view: View) -> Answer:
    """Calls that could not be priced, by the provider and model that lack a price."""
    answer = ask(replace(view, compare=False), ("unpriced_calls", "tokens"), by=("provider", "model"), grain=Grain.NONE)
    if answer.is_empty:
        return answer
    lacking = answer.frame.filter(pl.col("unpriced_calls") > 0).sort("unpriced_calls", descending=True)
    return replace(answer, frame=lacking)


def _unpriced_note(view: View) -> str:
    unpriced = value(ask(view, ("unpriced_calls",), grain=Grain.NONE), "unpriced_calls")
    return f"{unpriced:,.0f} calls without a price" if unpriced else ""
