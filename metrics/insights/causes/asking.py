"""A metric and a span in, what explains its change out: what scripts, commands, pages and messages call."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from metrics.engine import Breakdown, DataFreshness, Parts, Query, Window
from metrics.engine.engine import Answering
from metrics.engine.query import Filter, Grain
from metrics.insights.causes.changing import changed
from metrics.insights.causes.lines import moved_with
from metrics.insights.causes.locating import FEW, MOST, located
from metrics.insights.causes.model import LEAST, Causes, Changed, Moved, Where

SHORT = timedelta(hours=6)
"""Spans up to which the time just before is what they are set against; longer ones, the same hours of weeks before."""
WEEKS = 4
_HUNDRED = 100.0
_WEEK = timedelta(weeks=1)


def explain(
    engine: Answering,
    query: Query,
    span: Window,
    *,
    baseline: Sequence[Window] | None = None,
    is_late: Callable[[], bool] = lambda: False,
) -> Causes:
    """What explains how the query's first metric, past its filters, changed in a span.

    It is set against the time just before, as long as the span but an hour at least; where the span is longer than six
    hours, against the same hours of up to four weeks before, if there are any. `baseline` says otherwise; its spans do
    not overlap. Where it is, what was changed and what moved are looked for in this order; once `is_late` says so, what
    is left of that is not looked for, and a remark says so.

    Raises:
        EngineError: as of `Engine.answer`.
    """
    metric, filters = query.metrics[0], query.filters
    against = tuple(baseline or _baseline(engine, metric, span))
    parts = engine.answer(Breakdown(metric=metric, window=span, baseline=against, filters=filters))
    remarks = [parts.why_none] if parts.why_none else []
    where = places(parts)
    if not where and not parts.why_none:
        remarks.append(f"no place stands out: {_why_nowhere(parts)}")
    news, moved, tried = tuple[Changed, ...](), tuple[Moved, ...](), 0
    unseen, unknown = ["there was no time to look for what was changed"], ["there was no time to look for what moved"]
    if not is_late():
        news, unseen = changed(engine, span)
    if not is_late():
        moved, tried, unknown = moved_with(engine, metric, filters, span)
    return Causes(
        metric=metric,
        filters=filters,
        span=span,
        baseline=against,
        before=_before(engine, metric, filters, span, against),
        after=_value(engine, metric, filters, span),
        where=where,
        moved=moved,
        tried=tried,
        changed=news,
        remarks=(*remarks, *unseen, *unknown),
    )


def places(parts: Parts, limit: int = MOST) -> tuple[Where, ...]:
    """Where a change is, of a metric in its parts; the likeliest first."""
    if parts.frame.is_empty():
        return ()
    found = located(parts.frame, parts.dimensions, unit=parts.unit, most=parts.most, limit=limit)
    # What went the other way explains nothing, though it goes with what does.
    return tuple(_as_asked(one, parts) for one in found if one.share > 0)


def _why_nowhere(parts: Parts) -> str:
    """Of a change of which no place is named."""
    if parts.most is not None and parts.unit:
        bad = round(sum(float(parts.frame[side].sum()) for side in ("before", "after")) / parts.unit)
        if bad <= FEW:
            them = "bad events" if parts.above is None else "events above what it was"
            return f"so few {them} ({bad} before and after) tell no places apart, unless nearly all lie in one"
    return "what changed did so everywhere alike, or by chance"


def _as_asked(where: Where, parts: Parts) -> Where:
    """With the metric's own values where it was searched by what it lacks to 100 %."""
    values = where.before, where.after, where.elsewhere_before, where.elsewhere_after
    if parts.is_rest:
        values = tuple(None if one is None else _HUNDRED - one for one in values)
    before, after, elsewhere_before, elsewhere_after = values
    return replace(
        where, before=before, after=after, elsewhere_before=elsewhere_before, elsewhere_after=elsewhere_after,
        above=parts.above, within=tuple(_as_asked(one, parts) for one in where.within),
    )  # fmt: skip


def _baseline(engine: Answering, metric: str, span: Window) -> tuple[Window, ...]:
    before = Window(start=span.start - max(span.length, LEAST), end=span.start)
    if span.length <= SHORT:
        return (before,)
    known = engine.answer(DataFreshness()).kinds
    first = [one.first for kind, one in known.items() if kind in engine.metrics[metric].kinds and one.first]
    apart = -(-span.length // _WEEK) * _WEEK
    weeks = [Window(start=span.start - n * apart, end=span.end - n * apart) for n in range(1, WEEKS + 1)]
    return tuple(one for one in weeks if first and one.start >= min(first)) or (before,)


def _value(engine: Answering, metric: str, filters: tuple[Filter, ...], window: Window) -> float | None:
    asked = Query(metrics=(metric,), window=window, filters=filters, grain=Grain.NONE)
    value = engine.answer(asked).frame[metric]
    return None if value.is_empty() or value[0] is None else float(value[0])


def _before(
    engine: Answering, metric: str, filters: tuple[Filter, ...], span: Window, baseline: Sequence[Window]
) -> float | None:
    """Of several spans their mean; what adds up, for a time as long as the span."""
    values = [(_value(engine, metric, filters, one), one.length) for one in baseline]
    longer = [
        value * (span.length / length) if engine.metrics[metric].adds_up else value
        for value, length in values
        if value is not None
    ]
    return sum(longer) / len(longer) if longer else None
