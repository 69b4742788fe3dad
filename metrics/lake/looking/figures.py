"""The main figures of events that are not stored yet: what a person looks at to see that a file was read wrongly.

    gathered = Gathered("llm_call")
    for events in batches: gathered.add(events)
    gathered.figures()            # Calls 500, Input tokens 2,300,816, Cost $2.48, Error rate 10.2 %, …

They mean what the catalog's metrics of these names mean; the catalog is not asked, as nothing is in the lake yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from metrics.lake.visits import is_page_view


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that would come of a file."""

    title: str
    value: float | None
    """None: no data."""
    unit: str = ""
    """`USD`, `%`, `ms`, `tokens`, or empty for a count."""


@dataclass(frozen=True)
class Total:
    """Added up over the rows."""

    title: str
    of: pl.Expr
    unit: str = ""


@dataclass(frozen=True)
class Share:
    """So many of a hundred."""

    title: str
    part: pl.Expr
    of: pl.Expr
    unit: str = "%"


@dataclass(frozen=True)
class Distinct:
    """Different values."""

    title: str
    column: str
    unit: str = ""


@dataclass(frozen=True)
class Quantile:
    """A percentile, where rows are `where`."""

    title: str
    column: str
    quantile: float
    unit: str = "ms"
    where: pl.Expr | None = None


def _where(column: str, value: str) -> pl.Expr:
    return (pl.col(column) == value).fill_null(False).sum()


def _sum(column: str) -> pl.Expr:
    """Nothing where no row says anything: that is no data, not 0."""
    return pl.when(pl.col(column).is_not_null().any()).then(pl.col(column).sum())


def _there(column: str) -> pl.Expr:
    return pl.col(column).is_not_null().sum()


def _durations(column: str = "duration_ms") -> tuple[Quantile, Quantile]:
    return Quantile("P50 duration", column, 0.5), Quantile("P95 duration", column, 0.95)


_USERS, _SESSIONS = Distinct("Users", "user_id"), Distinct("Sessions", "session_id")
_VITALS = tuple(
    Quantile(f"{name.upper()} P75", "value", 0.75, "" if name == "cls" else "ms", pl.col("name") == name)
    for name in ("lcp", "inp", "fid", "cls", "fcp", "ttfb")
)
FIGURES: Mapping[str, tuple[Total | Share | Distinct | Quantile, ...]] = {
    "llm_call": (
        Total("Calls", pl.len()),
        Total("Input tokens", _sum("input_tokens"), "tokens"),
        Total("Output tokens", _sum("output_tokens"), "tokens"),
        Total("Cached input tokens", _sum("cached_input_tokens"), "tokens"),
        Total("Cost", _sum("cost_usd"), "USD"),
        Total("Unpriced calls", pl.col("cost_usd").is_null().sum()),
        Share("Error rate", (pl.col("status") != "ok").fill_null(False).sum(), _there("status")),
        _USERS,
        *_durations(),
    ),
    "request": (
        Total("Requests", pl.len()),
        Share("Error rate", (pl.col("status_code") >= 500).fill_null(False).sum(), _there("status_code")),
        Distinct("Endpoints", "endpoint"),
        _USERS,
        *_durations(),
    ),
    "interaction": (
        Total("Interactions", pl.len()),
        Total("Page views", is_page_view().sum()),
        Distinct("Pages", "page"),
        _USERS,
        _SESSIONS,
    ),
    "web_vital": (Total("Measurements", pl.len()), *_VITALS),
    "prompt": (Distinct("Prompts", "prompt_id"), Total("Executions", _where("action", "executed")), _USERS),
    "pipeline_run": (
        Total("Runs", pl.len()),
        Share("Success rate", _where("status", "success"), _there("status")),
        *_durations(),
    ),
    "feedback": (
        Total("Answers", pl.len()),
        Total("With an NPS score", _there("nps_score")),
        Total("With a CSAT score", _there("csat_score")),
        _USERS,
    ),
    "error": (Distinct("Errors", "error_id"), Total("Critical", _where("severity", "critical"))),
    "resource": (Total("Samples", pl.len()), Distinct("Hosts", "host")),
    "health": (
        Total("Probes", pl.len()),
        Distinct("Components", "component"),
        Share("Down", _where("status", "down"), _there("status")),
        Quantile("P50 response", "response_time_ms", 0.5),
    ),
    "change": (Total("Changes", pl.len()), Total("Deployments", _where("change_type", "deployment"))),
    "security": (Total("Acts", pl.len()), Total("Blocked", _where("outcome", "blocked")), _USERS),
    "span": (Total("Spans", pl.len()), *_durations()),
}
"""What is shown of each kind; the first says how many events there would be."""
_SEED = 7


@dataclass
class Gathered:
    """What the events of one kind come to, batch by batch."""

    kind: str
    first: datetime | None = None
    last: datetime | None = None
    rows: int = 0
    duplicates: int = 0
    _sums: dict[str, float] = field(default_factory=dict[str, float])
    _numbers: dict[str, list[pl.Series]] = field(default_factory=dict[str, list[pl.Series]])
    _values: dict[str, pl.Series] = field(default_factory=dict[str, pl.Series])
    _ids: pl.Series = field(default_factory=lambda: pl.Series(dtype=pl.UInt64))

    def add(self, events: pl.DataFrame) -> None:
        """Count more events; those with an id that came before in the file are duplicates, and count for nothing.

        An event without an id is another one.
        """
        fresh = self._fresh(events)
        if fresh.is_empty():
            return
        self.rows += fresh.height
        begun, ended = fresh.select(pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")).row(0)
        self.first = min(self.first or begun, begun)
        self.last = max(self.last or ended, ended)
        for figure in FIGURES.get(self.kind, ()):
            self._count(figure, fresh)

    def figures(self) -> tuple[Figure, ...]:
        """The figures of all that was added."""
        return tuple(Figure(one.title, self._value(one), one.unit) for one in FIGURES.get(self.kind, ()))

    def _fresh(self, events: pl.DataFrame) -> pl.DataFrame:
        if events["event_id"].null_count() == events.height:
            return events
        hashes = events["event_id"].hash(_SEED)
        known = ~hashes.is_first_distinct() & events["event_id"].is_not_null()
        if self._ids.len():
            known = known | (hashes.is_in(self._ids.implode()) & events["event_id"].is_not_null())
        new = hashes.filter(~known & events["event_id"].is_not_null())
        self._ids = pl.concat([self._ids, new])
        self.duplicates += int(known.sum())
        return events.filter(~known) if known.any() else events

    def _count(self, figure: Total | Share | Distinct | Quantile, events: pl.DataFrame) -> None:
        match figure:
            case Total(title, of):
                self._plus(title, events.select(of).item())
            case Share(title, part, of):
                self._plus(title, events.select(part).item())
                self._plus(title + " of", events.select(of).item())
            case Distinct(title, column):
                new = events[column].drop_nulls().hash(_SEED).unique()
                self._values[title] = pl.concat([self._values[title], new]).unique() if title in self._values else new
            case Quantile(title, column, _, _, where):
                chosen = events if where is None else events.filter(where)
                self._numbers.setdefault(title, []).append(chosen[column].drop_nulls().cast(pl.Float32))

    def _plus(self, title: str, value: float | None) -> None:
        if value is not None:
            self._sums[title] = self._sums.get(title, 0) + value

    def _value(self, figure: Total | Share | Distinct | Quantile) -> float | None:
        match figure:
            case Total(title):
                return self._sums.get(title)
            case Share(title):
                of = self._sums.get(title + " of")
                return 100 * self._sums[title] / of if of else None
            case Distinct(title):
                return len(self._values.get(title, ())) or None
            case Quantile(title, _, quantile):
                series = self._numbers.get(title)
                value = pl.concat(series).quantile(quantile, "linear") if series else None
                return None if value is None else float(value)
