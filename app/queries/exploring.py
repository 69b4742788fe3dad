"""Any metrics by any dimensions, and the raw events behind them."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from app import answers
from app.queries.asking import LINE_POINTS, Answer, ask, grain_for, shown
from app.source import source
from app.state import View, instant
from metrics.catalog import DIMENSIONS, Metric
from metrics.engine import DataFreshness, EventPage, Place, Query, RawEvents, RelatedEvents, Trace, Traced, Window
from metrics.engine.query import Filter, Grain

GRAINS: Sequence[Grain] = (
    Grain.NONE, Grain.AUTO, Grain.MINUTE, Grain.MINUTES_5, Grain.HOUR, Grain.HOURS_6, Grain.DAY, Grain.WEEK, Grain.MONTH
)  # fmt: skip
MOST_ROWS = 1_000
MOST_GROUPS = 8
"""Groups followed over time: the largest by the first metric."""
MOST_POINTS = 2_000
GROUP = "group"
AROUND = timedelta(days=1)
"""How far from an event the others of its request or session are looked for."""
EVENTS_A_PAGE = 200
FORECAST_LEAST, FORECAST_MOST = timedelta(hours=24), timedelta(days=28)
"""How far ahead is drawn: half of what is shown, within these."""
_NAMES = ("name", "model", "endpoint", "error_type", "message")
"""What a step of a trace is called by, the first that it has."""
_FAILED = frozenset(("error", "timeout", "failed", "failure"))
"""Statuses of steps that went wrong."""


@dataclass(frozen=True)
class Asked:
    """What is asked: metrics, dimensions to group by, and the width of a bucket of time."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain = Grain.NONE
    ahead: bool = False
    """Whether what is to come is drawn, too: of what is asked over time, and by nothing."""
    unusual: bool = False
    """Whether what is unusual is marked; as above."""


def known_metrics() -> dict[str, Metric]:
    """Every metric by name, the home's own included."""
    return dict(source().engine.metrics)


def grain(asked: Asked, view: View) -> Grain:
    """The width of a bucket, so that no line has more points than can be seen."""
    window = shown(view).window
    if asked.grain is Grain.NONE:
        return Grain.NONE
    fitting, finest = grain_for(window, LINE_POINTS), grain_for(window, MOST_POINTS)
    if asked.grain is Grain.AUTO:
        return fitting
    order = list(Grain)
    return asked.grain if order.index(asked.grain) >= order.index(finest) else finest


def answer(asked: Asked) -> Callable[[View], Answer]:
    """The answer as it is: `time`, a column a dimension, a column a metric; groups over time are the largest ones."""

    def found(view: View) -> Answer:
        width = grain(asked, view)
        narrowed, note = (view, "") if width is Grain.NONE or not asked.by else _largest(asked, view)
        result = ask(narrowed, asked.metrics, by=asked.by, grain=width)
        if result.is_empty:
            return result
        first = next(name for name in asked.metrics if name in result.frame.columns and name not in result.failed)
        if width is Grain.NONE and asked.by:
            ranked = result.frame.drop_nulls(first).sort(first, descending=True)
            note = f"{MOST_ROWS:,} of {ranked.height:,} groups, the largest" if ranked.height > MOST_ROWS else ""
            result = replace(result, frame=ranked.head(MOST_ROWS))
        return replace(result, note=note)

    return found


def of_metric(asked: Asked, metric: str) -> Callable[[View], Answer]:
    """The answer for one of the metrics, with its dimensions as one column `group`."""

    def found(view: View) -> Answer:
        whole = answer(asked)(view)
        if whole.is_empty or metric not in whole.frame.columns:
            return whole
        time = [name for name in ("time",) if name in whole.frame.columns]
        previous = [name for name in (f"{metric}__previous",) if name in whole.frame.columns and not asked.by]
        groups = [_named(asked.by)] if asked.by else []
        return replace(whole, frame=whole.frame.select(*time, *groups, metric, *previous))

    return found


def with_forecast(asked: Asked, metric: str) -> Callable[[View], Answer]:
    """A metric over time by hours or days, and `<metric>_projection` with `_low` and `_high` of 80 % half as far ahead.

    Where it cannot be forecast, it is the answer for it as it is, and says why.
    """

    def found(view: View) -> Answer:
        from metrics.insights.forecasting import UnusableSeries, outlook
        from metrics.insights.measured import HISTORIES, NothingMeasured, grain_for, series_of

        window = shown(view).window
        horizon = min(max(window.length / 2, FORECAST_LEAST), FORECAST_MOST)
        width = grain_for(horizon)
        plain = of_metric(replace(asked, grain=width), metric)(replace(view, compare=False))
        if plain.is_empty:
            return plain
        history = Window(start=min(window.start, window.end - HISTORIES[width]), end=window.end)
        try:
            series, until = series_of(source().engine, metric, history, width, view.filters, view.tz)
            days_off = source().settings.days_off
            ahead = outlook(series, horizon, levels=(80,), tz=view.tz, until=until, holidays=days_off)
        except (UnusableSeries, NothingMeasured) as why:
            return replace(plain, note=f"no forecast: {why}")
        names = {"ts": "time", "value": f"{metric}_projection", "low_80": f"{metric}_projection_low",
                 "high_80": f"{metric}_projection_high"}  # fmt: skip
        known = plain.frame.filter(pl.col("time") < ahead.frame["ts"][0])
        return replace(
            plain,
            frame=pl.concat([known, ahead.frame.rename(names)], how="diagonal_relaxed"),
            note="; ".join((f"by {ahead.model}", *ahead.remarks)),
        )

    return found


def command(asked: Asked, view: View) -> str:
    """The same question on the command line."""
    window = shown(view).window
    parts = ["promptpilot", "query", *asked.metrics]
    parts += [part for name in asked.by for part in ("--by", name)]
    parts += ["--grain", grain(asked, view).value, "--from", _iso(window.start), "--to", _iso(window.end)]
    parts += [part for one in view.filters for condition in _conditions(one) for part in ("--where", condition)]
    parts += ["--tz", view.tz] if view.tz != "UTC" else []
    parts += ["--compare"] if view.compare else []
    return shlex.join(parts)


def sql(asked: Asked, view: View) -> str:
    """The statements that answer it, over logical tables."""
    query = Query(
        metrics=asked.metrics, by=asked.by, grain=grain(asked, view), window=shown(view).window, filters=view.filters,
        tz=view.tz, compare=view.compare,
    )  # fmt: skip
    return source().engine.plan(query).sql


def kinds() -> list[str]:
    """Kinds of which there are events, the most frequent first."""
    known = answers.ask(DataFreshness()).kinds
    return sorted(known, key=lambda kind: -known[kind].rows)


def events(view: View, kind: str, after: Place | None) -> EventPage:
    """A page of raw events, the newest first."""
    window = shown(view).window
    return answers.ask(RawEvents(kind=kind, window=window, filters=view.filters, after=after, limit=EVENTS_A_PAGE))


def together(view: View, dimension: str, value: str, at: datetime) -> pl.DataFrame:
    """Events of all kinds with that value: a user's of the whole window, others near the event."""
    window = shown(view).window
    near = Window(start=at - AROUND, end=at + AROUND)
    within = window if dimension == "user_id" else near
    return answers.ask(RelatedEvents(dimension=dimension, value=value, window=within, limit=EVENTS_A_PAGE))


def trace(trace_id: str, near: datetime | None) -> Traced:
    """A trace, nested: the one around a moment, or wherever it lies."""
    return answers.ask(Trace(trace_id=trace_id, near=near))


def trace_asked(trace_id: str, near: str | None) -> tuple[str, datetime | None]:
    """The trace that an address names, and the moment beside it where that is one."""
    try:
        moment = instant(near, ZoneInfo("UTC")) if near else None
    except (ValueError, OverflowError):
        moment = None
    return trace_id.strip(), moment


def name_of(kind: str, event: Mapping[str, Any]) -> str:
    """What a step of a trace is called."""
    return str(next((event[key] for key in _NAMES if event.get(key) is not None), kind))


def is_failed(kind: str, event: Mapping[str, Any]) -> bool:
    """Whether a step of a trace went wrong."""
    status_code, status = event.get("status_code"), event.get("status")
    return kind == "error" or (status_code or 0) >= 500 or status in _FAILED


def nested(found: Traced) -> pl.DataFrame:
    """The steps of a trace as a table: names indented, costs and tokens with all that happened within."""
    schema = {
        "step": pl.String, "kind": pl.String, "ts": pl.Datetime("us", "UTC"), "duration_ms": pl.Float64,
        "self_ms": pl.Float64, "cost_usd": pl.Float64, "tokens": pl.Int64, "status": pl.String, "note": pl.String,
    }  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for one in found.steps:
        step, event = one.step, found.event(one.step)
        name = name_of(step.kind, event)
        status = next((event[key] for key in ("status", "status_code") if event.get(key) is not None), None)
        note = "its parent is not among these events" if one.orphan else None
        rows.append((
            "\u2003" * one.depth + name, step.kind, step.ts, step.duration_ms, one.self_ms, one.cost_usd,
            one.tokens, None if status is None else str(status), note,
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def dimensions() -> list[str]:
    """What can be grouped by."""
    return list(DIMENSIONS)


def attributes_of(cell: Any) -> list[tuple[str, str]]:
    """Keys and values of a map, in whatever way it comes out of a frame."""
    if cell is None:
        return []
    if isinstance(cell, Mapping):
        return [(str(key), str(value)) for key, value in cell.items()]
    return [
        (str(one["key"]), str(one["value"])) if isinstance(one, Mapping) else (str(one[0]), str(one[1])) for one in cell
    ]


def _largest(asked: Asked, view: View) -> tuple[View, str]:
    """The view, limited to the largest values of each dimension."""
    filters, notes = list(view.filters), list[str]()
    for name in asked.by:
        ranking = ask(replace(view, compare=False), asked.metrics[:1], by=(name,), grain=Grain.NONE)
        if ranking.is_empty:
            continue
        first = next(metric for metric in asked.metrics if metric in ranking.frame.columns)
        ranked = ranking.frame.drop_nulls(first).sort(first, descending=True)
        if ranked.height > MOST_GROUPS:
            values = tuple(ranked.head(MOST_GROUPS)[name].to_list())
            filters.append(Filter(dimension=name, values=values))
            notes.append(f"{MOST_GROUPS} largest of {ranked.height:,}")
    return replace(view, filters=tuple(filters)), " · ".join(notes)


def _named(by: Sequence[str]) -> pl.Expr:
    """One column of all dimensions; of one dimension, its own values."""
    if len(by) == 1:
        return pl.col(by[0]).alias(GROUP)
    return pl.concat_str([pl.col(name).fill_null("(none)") for name in by], separator=" · ").alias(GROUP)


def _conditions(one: Filter) -> Iterator[str]:
    """A condition a value: those of one dimension belong together."""
    sign = {"in": "=", "not in": "!=", "contains": "~"}[one.operator]
    for value in one.values:
        text = "(none)" if value is None else value.replace(",", "\\,")
        yield f"{one.dimension}{sign}{text}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
