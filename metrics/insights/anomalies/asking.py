"""A series in, what is unusual in it out: what scripts, commands and pages call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from metrics.insights.anomalies.detectors import DETECTORS, rescored
from metrics.insights.anomalies.history import History, Turn
from metrics.insights.anomalies.limits import RATES
from metrics.insights.anomalies.pace import Pace
from metrics.insights.anomalies.spreads import Floats
from metrics.insights.anomalies.watching import judged
from metrics.insights.calendar import DAY, Calendar
from metrics.insights.regular import Grid, Regular, TooShort, UnusableSeries, as_it_came, in_days

METHODS = ("auto", *DETECTORS)
"""By name. `auto` is the robust score, which the benchmark of simulated series finds the best."""
SENSITIVITIES = tuple(RATES)
REFRACTORY = timedelta(hours=12)
"""Anomalies that follow each other within this are one event; of days, those that follow each other."""
_EVENTS = {"kind": pl.String, "seen": pl.Float64, "expected": pl.Float64, "score": pl.Float64}


@dataclass(frozen=True)
class Findings:
    """What is unusual in a series, and what can be said about that."""

    frame: pl.DataFrame
    """`ts`, `value`, `expected`, `low`, `high`, `score`, `is_anomaly`: one row a bucket, gaps included."""
    events: pl.DataFrame
    """`start` and `end` (the last bucket) in the type of `ts`, `kind` (`high`, `low`, `level shift`, `changed shape`),
    and `seen`, `expected` and `score` of the bucket with the highest score: one row an event, the oldest first."""
    remarks: tuple[str, ...]
    """Sentences about what the reader should know: what could not be told apart yet, where gaps are."""


def detect(
    series: pl.DataFrame,
    sensitivity: str = "medium",
    method: str = "auto",
    tz: str = "UTC",
    *,
    until: datetime | None = None,
) -> pl.DataFrame:
    """Which buckets of a series are unusual: `ts`, `value`, `expected`, `low`, `high`, `score`, `is_anomaly`.

    `series` is a frame of `ts` (beginnings of buckets of one width; without a zone they are UTC) and `value`, in any
    order and with whatever gaps. Every row depends on the rows up to it alone. `score` is how far a bucket is from what
    is expected, alone or with those before it, in spreads of this series; `low` and `high` are where a bucket alone is
    an anomaly. All four are null in the first three days of a series (two, of
    buckets of half an hour or less), or two weeks of one of days.

    `sensitivity` is about how many false alerts a week may give: 0.5 (`low`), 1 (`medium`) or 3 (`high`). `method` is a
    name of `METHODS`, `tz` the zone whose hours and days people keep. `until` is the moment up to which anything is
    known: a bucket that is not over by then is left out.

    Raises:
        TooShort: there is too little of the series; it says how much more it takes.
        UnusableSeries: it is no series of `ts` and `value` on a grid of buckets that a day is made of.
        ValueError: no such sensitivity, method or zone.
    """
    return findings(series, sensitivity, method, tz, until=until).frame


def findings(
    series: pl.DataFrame,
    sensitivity: str = "medium",
    method: str = "auto",
    tz: str = "UTC",
    *,
    until: datetime | None = None,
) -> Findings:
    """As `detect`, with the events that the anomalies make, and what is to be said about it."""
    (found,) = findings_together([series], sensitivity, method, tz, until=until)
    if isinstance(found, UnusableSeries):
        raise found
    return found


def findings_together(
    many: Sequence[pl.DataFrame],
    sensitivity: str = "medium",
    method: str = "auto",
    tz: str = "UTC",
    *,
    until: datetime | None = None,
) -> list[Findings | UnusableSeries]:
    """As `findings`, of each; a series that cannot be judged gives what it would have raised.

    Those that begin and end together are gone through side by side, which costs hardly more than one of them.

    Raises:
        ValueError: no such sensitivity, method or zone.
    """
    for name, chosen, known in (("sensitivity", sensitivity, SENSITIVITIES), ("method", method, METHODS)):
        if chosen not in known:
            raise ValueError(f"there is no {name} {chosen!r}; there are {', '.join(known)}")
    found: dict[int, Findings | UnusableSeries] = {}
    together: dict[tuple[Grid, int], list[tuple[int, Regular]]] = {}
    for place, series in enumerate(many):
        try:
            regular = Regular.of(series, tz, until)
            _check(regular)
        except UnusableSeries as why:
            found[place] = why
        else:
            together.setdefault((regular.grid, len(regular.values)), []).append((place, regular))
    for alike in together.values():
        _, first = alike[0]
        width = first.grid.width
        slots, pace = Calendar.of(first.starts(), width, tz).slots, Pace.of(width)
        history, _ = judged(np.stack([one.values for _, one in alike]), slots, pace, sensitivity)
        for row, (place, regular) in enumerate(alike):
            found[place] = _found(regular, history.row(row), pace, sensitivity, method, many[place].schema["ts"], tz)
    return [found[place] for place in range(len(many))]


def _check(regular: Regular) -> None:
    width, columns = regular.grid.width, len(regular.values)
    if width > DAY or DAY % width:
        raise UnusableSeries(f"buckets of {width}: anomalies are found in days, or in buckets that make up a day")
    first = Pace.of(width).first
    if columns <= first:
        raise TooShort(f"too short a history to find anomalies: it needs {in_days(first + 1 - columns, width)} more")


def _found(
    regular: Regular, history: History, pace: Pace, sensitivity: str, method: str, kind: pl.DataType, tz: str
) -> Findings:
    """What is unusual in one series, whose columns were judged; `history` has one row."""
    score, flagged = history.score[0], history.flagged[0]
    if method != "auto":
        score, flagged = rescored(history.features[:, 0].T, score, method, pace, sensitivity)
    frame = pl.DataFrame(
        {
            "ts": regular.starts(),
            "value": regular.values,
            "expected": history.expected[0],
            "low": history.low[0],
            "high": history.high[0],
            "score": score,
            "is_anomaly": flagged,
        }
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    frame = as_it_came(frame, kind, tz)
    events = _events(frame, history, flagged, score, max(REFRACTORY // regular.grid.width, 1))
    return Findings(frame, events, tuple(_remarks(regular, pace, method)))


def _events(
    frame: pl.DataFrame, history: History, flagged: NDArray[np.bool_], score: Floats, quiet: int
) -> pl.DataFrame:
    """Of anomalies that follow each other within `quiet` buckets; a turn belongs to the event that it ends."""
    (found,) = np.nonzero(flagged)
    parts = np.split(found, np.flatnonzero(np.diff(found) > quiet) + 1) if len(found) else []
    turned = history.turned[0]
    rows: list[tuple[str, float | None, float | None, float]] = []
    for part in parts:
        peak = int(part[np.argmax(score[part])])
        turns = turned[part[0] : part[-1] + quiet + 1]
        row = frame.row(peak, named=True)
        rows.append((_kind(turns, row["value"] >= row["expected"]), row["value"], row["expected"], float(score[peak])))
    events = pl.DataFrame(rows, schema=_EVENTS, orient="row")
    ends = [frame["ts"].gather([int(part[at]) for part in parts]) for at in (0, -1)]
    return events.select(start=ends[0], end=ends[1]).hstack(events)


def _kind(turns: NDArray[np.int64], is_high: bool) -> str:
    if (turns == Turn.LEVEL).any():
        return "level shift"
    if (turns == Turn.SHAPE).any():
        return "changed shape"
    return "high" if is_high else "low"


def _remarks(regular: Regular, pace: Pace, method: str) -> list[str]:
    remarks: list[str] = []
    width, columns = regular.grid.width, len(regular.values)
    more = 2 * pace.period - columns
    if more > 0 and method != "auto":
        remarks.append(f"{method} learns from two weeks: it needs {in_days(more, width)} more")
    if more > 0 and pace.day > 1:
        remarks.append(f"days of the week cannot be told apart yet: that needs {in_days(more, width)} more")
    gaps = int(np.isnan(regular.values).sum())
    if gaps:
        remarks.append(f"{gaps:,} of {columns:,} buckets hold no data")
    return remarks
