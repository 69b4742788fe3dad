"""Questions about what the language models cost, and what that is worth."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from app import answers, wording
from app.charts.parts import UNPRICED
from app.queries.asking import Answer, ask, over, shown, value
from app.state import View
from metrics.engine import Efficiency, MonthForecast
from metrics.engine.query import Filter, Grain, Window

MOST_SPENDERS = 200
_SPENDER_METRICS = ("cost", "llm_calls", "tokens", "cost_per_1k_tokens", "unpriced_calls")
_MOST_NAMED = 3
"""Values named in a note."""


@dataclass(frozen=True, slots=True)
class Month:
    """The month in which the range ends, with the filters of the view; money in USD, None is not known."""

    spent: float | None
    projected: float | None
    low: float | None
    high: float | None
    unpriced: float | None
    """Calls of the month without a price: none of the sums has them."""


def spend(view: View) -> Answer:
    """Cost by provider: by day from three days on, by hour from twelve hours on, else finer."""
    length = shown(view).window.length
    grain = Grain.DAY if length >= timedelta(days=3) else Grain.HOUR if length >= timedelta(hours=12) else Grain.AUTO
    return _priced(ask(replace(view, compare=False), ("cost", "unpriced_calls"), by=("provider",), grain=grain))


def split(dimension: str) -> Callable[[View], Answer]:
    """Cost by the values of a dimension, over the window; null is a value none of whose calls has a price."""

    def asked(view: View) -> Answer:
        return _priced(ask(replace(view, compare=False), ("cost", "unpriced_calls"), by=(dimension,), grain=Grain.NONE))

    return asked


def outlook(view: View) -> Answer:
    """Cost by day over the month, and what is expected of the rest of it; nothing in a month without a cost."""
    window = shown(view).window
    question = MonthForecast(metric="cost", window=window, filters=view.filters, tz=view.tz)
    answer = over(view, window, "llm_call", lambda: answers.ask(question))
    lacking = value(ask(_month(view), ("unpriced_calls",), grain=Grain.NONE), "unpriced_calls")
    known = "cost" in answer.frame.columns and answer.frame["cost"].count() > 0
    return replace(answer, frame=answer.frame if known else answer.frame.clear(), note=wording.unpriced(lacking))


def efficiency(view: View) -> Answer:
    """LLM calls by tokens and cost."""
    window, notes = shown(view).window, list[str]()

    def points() -> pl.DataFrame:
        sampled = answers.ask(Efficiency(window=window, filters=view.filters))
        notes.append(f"estimated from one of {sampled.one_in} calls" if sampled.one_in > 1 else "all calls, in bins")
        return sampled.frame

    answer = over(view, window, "llm_call", points)
    return replace(answer, note=" · ".join(notes))


def month(view: View) -> Month:
    """What the month in which the range ends has cost, and will have; where nothing cost, that is not known to be 0."""
    names = ("cost", "cost_projection", "cost_projection_low", "cost_projection_high", "unpriced_calls")
    answer = ask(_month(view), names, grain=Grain.NONE)
    found = Month(*(value(answer, name) for name in names))
    return found if found.spent is not None else Month(None, None, None, None, found.unpriced)


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


def _month(view: View) -> View:
    """The same view over the month in which the window ends, up to there."""
    window = shown(view).window
    last = window.end.astimezone(view.zone) - timedelta(microseconds=1)
    start = last.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return replace(view, range=Window(start=start, end=window.end), compare=False)


def _priced(answer: Answer) -> Answer:
    """With the calls that have no price beside it: how many, and which values have none; without times, by row."""
    frame = answer.frame
    if "unpriced_calls" not in frame.columns:
        return answer
    (dimension,) = (name for name in frame.columns if name not in ("time", "cost", "unpriced_calls"))
    sums = frame.group_by(dimension).agg(pl.col("cost").count(), pl.col("unpriced_calls").sum())
    bare = sums.filter(pl.col("cost") == 0, pl.col("unpriced_calls") > 0).sort("unpriced_calls", descending=True)
    names = ", ".join(wording.name(one, 30) for one in bare[dimension].head(_MOST_NAMED))
    more = f" and {bare.height - _MOST_NAMED} more" if bare.height > _MOST_NAMED else ""
    told = wording.unpriced(float(sums["unpriced_calls"].sum()))
    is_known = "time" not in frame.columns and frame["cost"].count() > 0
    rows = frame.rename({"unpriced_calls": UNPRICED}) if is_known else frame.drop("unpriced_calls")
    return replace(answer, frame=rows, note=f"{told}: none of {names}{more} has one" if names else told)
