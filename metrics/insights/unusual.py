"""What is unusual just now, in everything that is watched: each series judged by its own past, the strangest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from metrics.catalog import Metric
from metrics.catalog.model import Quantile
from metrics.engine import DimensionMismatch, DimensionValues, Grain, Window
from metrics.engine.bad_events import bad_events
from metrics.engine.engine import Answering
from metrics.engine.query import Filter
from metrics.insights.anomalies import Findings, findings_together
from metrics.insights.calendar import HOUR, WEEK
from metrics.insights.measured import HISTORIES, NothingMeasured, mean_of, series_of
from metrics.insights.regular import UnusableSeries

GROUPS = 5
"""Values of a dimension that are looked at, the most frequent ones."""
FEWEST_BAD = 3
"""Events by which a share must be off."""
_LASTING = 3
"""Hours from which on what comes to something together is told, though no hour does alone."""
_SIDES = {"high": 1, "low": -1}
FEWEST_TIMED = 20
"""Events that a percentile must be of."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A metric by the hour, as a whole and by the values of a dimension."""

    metric: str
    by: str = ""


WATCHED: Sequence[Watched] = (
    Watched("requests"),
    Watched("error_rate", "endpoint"),
    Watched("response_time_p95", "endpoint"),
    Watched("llm_error_rate", "provider"),
    Watched("llm_latency_p95", "model"),
    Watched("cost", "feature"),
    Watched("tokens"),
    Watched("users_active"),
    Watched("quality_mean"),
    Watched("cpu_usage_max"),
)
"""What is looked at where nobody says what to look at."""


@dataclass(frozen=True, slots=True)
class Place:
    """One series: a metric, of one value of a dimension or as a whole."""

    metric: str
    dimension: str = ""
    value: str | None = None

    @property
    def filters(self) -> tuple[Filter, ...]:
        """What leads to it."""
        return (Filter(dimension=self.dimension, values=(self.value,)),) if self.dimension else ()


@dataclass(frozen=True, slots=True)
class Unusual:
    """Something in a series that was unlike what was to be expected of it."""

    place: Place
    start: datetime
    """Where its first hour begins, in UTC."""
    end: datetime
    """Where its last hour ends."""
    kind: str
    """`high`, `low`, `level shift` or `changed shape`."""
    clearest: Window
    """Its hours outside of what is usual that follow one another around the strangest; all of it where none is."""
    seen: float
    """On average over its hours outside of what is usual, as is what was expected; over all where none is."""
    expected: float
    score: float
    """Of its strangest hour, in spreads of the series."""
    rank: int
    """Its place among all hours that were judged, by how strange they are; its own count as one."""
    hours: int
    """Hours that were judged."""
    events: int
    """In the hours that `seen` is of."""
    goes_on: bool
    """Whether its last hour is the newest that is over."""


@dataclass(frozen=True, slots=True)
class Watching:
    """What was found, and where nothing could be."""

    found: tuple[Unusual, ...]
    """What goes on first, then what is rarest, then by score."""
    looked_at: int
    """Series that were judged."""
    a_week: float | None
    """Events a week in each of them, over all the weeks that were judged; None where nothing was."""
    left_out: tuple[tuple[Place, str], ...]
    """Series that could not be, and why."""


def unusual(
    engine: Answering,
    window: Window,
    filters: tuple[Filter, ...] = (),
    tz: str = "UTC",
    *,
    watched: Sequence[Watched] = WATCHED,
) -> Watching:
    """What was unusual within a window, each series judged by the 60 days before its end.

    A series that has too short a history, no events or cannot be filtered so is left
    out, and named; one whose events were never ingested is not looked at.

    Raises:
        EngineError: as of `Engine.answer`.
    """
    left_out: list[tuple[Place, str]] = []
    series: list[tuple[Place, pl.DataFrame]] = []
    history = Window(start=min(window.start, window.end - HISTORIES[Grain.HOUR]), end=window.end)
    places = list(_places(engine, window, filters, watched))
    until = window.end
    for place in places:
        asked = (*filters, *place.filters)
        try:
            frame, known = series_of(engine, place.metric, history, Grain.HOUR, asked, tz)
        except (NothingMeasured, DimensionMismatch) as why:
            left_out.append((place, str(why)))
            continue
        until = min(until, known)
        series.append((place, frame))
    found: list[Unusual] = []
    events = hours = 0
    together = findings_together([frame for _, frame in series], tz=tz, until=until)
    for (place, frame), judged in zip(series, together, strict=True):
        if isinstance(judged, UnusableSeries):
            left_out.append((place, str(judged)))
            continue
        events += judged.events.height
        hours += judged.frame["score"].count()
        of = _found(place, judged, frame)
        found.extend(one for one in of if one.end > window.start and _is_borne(one, engine.metrics[place.metric]))
    ranked = sorted(found, key=lambda one: (not one.goes_on, one.rank, not one.place.dimension, -one.score))
    a_week = events / (hours * HOUR / WEEK) if hours else None
    return Watching(tuple(_once(ranked)), len(places) - len(left_out), a_week, tuple(left_out))


def _places(
    engine: Answering, window: Window, filters: tuple[Filter, ...], watched: Sequence[Watched]
) -> Iterator[Place]:
    filtered = {one.dimension for one in filters}
    for one in watched:
        yield Place(one.metric)
        if one.by and one.by not in filtered:
            asked = DimensionValues(dimension=one.by, window=window, limit=GROUPS)
            values = [value for value in engine.answer(asked) if value is not None]
            # One value alone is the whole again.
            yield from (Place(one.metric, one.by, value) for value in values if len(values) > 1)


def _found(place: Place, judged: Findings, series: pl.DataFrame) -> Iterator[Unusual]:
    frame = judged.frame.drop_nulls("score").join(series.select("ts", "events"), on="ts", how="left")
    if frame.is_empty():
        return
    newest: datetime = frame["ts"][-1]
    for event in judged.events.iter_rows(named=True):
        start, end = event["start"], event["end"]
        own = pl.col("ts").is_between(start, end)
        hours = frame.filter(own)
        outside = hours.filter(~pl.col("value").is_between("low", "high"))
        if outside.is_empty() and hours.height < _LASTING:
            continue  # it came to it by others before, and looks like any other
        # Hours between two that are strange may be like any other, and would say the contrary of what is meant.
        meant = hours if outside.is_empty() else outside
        seen, expected = (mean_of(meant[name]) for name in ("value", "expected"))
        if (seen - expected) * _SIDES.get(event["kind"], 0) < 0:
            continue  # together it comes to the contrary
        as_strange = frame.filter(~own, pl.col("score") >= event["score"]).height
        yield Unusual(
            place, start, end + HOUR, event["kind"], _clearest(meant), seen, expected, event["score"], as_strange + 1,
            frame.height, int(meant["events"].sum()), end >= newest,
        )  # fmt: skip


def _clearest(hours: pl.DataFrame) -> Window:
    """Those that follow one another around the one with the highest score."""
    runs = hours.with_columns(run=(pl.col("ts").diff() > HOUR).fill_null(False).cum_sum())
    strangest = runs["run"][hours["score"].arg_max() or 0]
    moments: list[datetime] = runs.filter(pl.col("run") == strangest)["ts"].to_list()
    return Window(start=moments[0], end=moments[-1] + HOUR)


def _is_borne(one: Unusual, metric: Metric) -> bool:
    """Whether enough events say so: of few, one failure or one slow answer is a large share, and chance."""
    if metric.is_summed:
        return True
    if metric.unit == "%" and bad_events(metric):
        return one.events * abs(one.seen - one.expected) / 100 >= FEWEST_BAD
    return not any(isinstance(measure, Quantile) for measure in metric.measures) or one.events >= FEWEST_TIMED


def _once(ranked: Sequence[Unusual]) -> Iterator[Unusual]:
    """Of a metric as a whole and its values that were strange at one time, the strangest: the others follow from it."""
    kept: list[Unusual] = []
    for one in ranked:
        if not any(_is_one(one, other) for other in kept):
            kept.append(one)
            yield one


def _is_one(one: Unusual, other: Unusual) -> bool:
    same = one.place.metric == other.place.metric and (not one.place.dimension or not other.place.dimension)
    return same and one.start < other.end and other.start < one.end
