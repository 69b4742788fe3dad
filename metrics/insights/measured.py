"""A metric over time as a series: what the engine answers, with what is known of where nothing was counted."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from metrics.engine import DataFreshness, Grain, Query, Window
from metrics.engine.engine import Answering
from metrics.engine.query import Filter
from metrics.insights.calendar import DAY

HISTORIES = {Grain.HOUR: timedelta(days=60), Grain.DAY: timedelta(days=182)}
"""How far back a series reaches that is to be learned from, by its grain."""
FAR = timedelta(days=14)
"""Farther ahead than this, days are asked for and not hours."""
_SILENCE = timedelta(days=3)
"""For longer than this nothing is counted because nothing came in."""
_COLUMNS = {"ts": pl.Datetime("us", "UTC"), "value": pl.Float64}


class NothingMeasured(ValueError):
    """There are no values of a metric; the message says why."""


def mean_of(values: pl.Series) -> float:
    """Their mean; 0 of none."""
    mean = values.mean()
    return mean if isinstance(mean, float) else 0.0


def grain_for(horizon: timedelta) -> Grain:
    """In which buckets a series is asked for that is to be carried on so far."""
    return Grain.HOUR if horizon <= FAR else Grain.DAY


def series_of(
    engine: Answering, metric: str, window: Window, grain: Grain, filters: tuple[Filter, ...] = (), tz: str = "UTC"
) -> tuple[pl.DataFrame, datetime]:
    """A frame of `ts`, `value` and `events` over whole days of a window, and the moment up to which anything is known.

    Where a sum was not counted it was 0, but for silences of more than three days, which are gaps as all others are.

    Raises:
        NothingMeasured: no events of the metric were ever ingested, or none in the window.
        EngineError: as of `Engine.answer`.
    """
    local = window.start.astimezone(ZoneInfo(tz))
    whole = Window(start=datetime.combine(local.date(), time(), local.tzinfo), end=window.end)
    question = Query(metrics=(metric,), window=whole, grain=grain, filters=filters, tz=tz, with_events=True)
    result = engine.answer(question)
    if metric in result.failed:
        raise NothingMeasured(result.failed[metric])
    if metric in result.missing:
        raise NothingMeasured(f"{metric}: no data yet: needs `{result.missing[metric]}` events")
    of = engine.metrics[metric]
    known = [one for kind, one in engine.answer(DataFreshness()).kinds.items() if kind in of.kinds]
    first = min((one.first for one in known if one.first), default=whole.start)
    last = max((one.last for one in known if one.last), default=window.end)
    frame = result.frame.select(ts="time", value=pl.col(metric).cast(pl.Float64), events=f"{metric}__events")
    width = timedelta(hours=1) if grain is Grain.HOUR else DAY
    frame = frame.filter(pl.col("ts").is_between(first - width, last, closed="right"))
    if frame["value"].drop_nulls().is_empty():
        raise NothingMeasured(f"{metric}: no data between {whole.start:%Y-%m-%d} and {whole.end:%Y-%m-%d %H:%M} UTC")
    until = min(window.end, _covered(frame, last, width))
    return (_counted(frame, width) if of.is_summed else frame), until


def _covered(frame: pl.DataFrame, last: datetime, width: timedelta) -> datetime:
    """Up to when anything is known, of which the newest event is `last`: to the end of its bucket, if that is near.

    It is, where no more than three further events were to be expected before it, or a tenth of the bucket is left.
    """
    ends: datetime = frame["ts"][-1] + width
    a_bucket = frame.filter(pl.col("events") > 0)["events"].mean()
    few = 3 / a_bucket if isinstance(a_bucket, float) else 0.0
    return max(ends, last) if ends - last <= max(few, 0.1) * width else last


def _counted(frame: pl.DataFrame, width: timedelta) -> pl.DataFrame:
    """With 0 in the place of every short silence."""
    silent = pl.col("value").is_null()
    run = pl.len().over(silent.rle_id())
    zero = pl.when(silent & (run <= _SILENCE // width)).then(0.0).otherwise(pl.col("value"))
    return frame.with_columns(value=zero)
