r"""Rows in which something else has put a program's own: a log driver, a shipper, an index, a queue.

    {"log": "{\"ts\": …, \"model\": …}\n", "stream": "stdout", "time": "2026-05-01T10:00:00.1Z"}

What such a row holds is the event; what lies around it is kept as attributes named `envelope.…`, where no column of
ours is looked for. Only the envelope's time serves, and only events that have none of their own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.rows.jsonvalues import texts_of
from metrics.events.schema import COMMON
from metrics.events.values.converting import converted, every_name, text_of

OUTER = "envelope."
"""How the columns around an event are called."""
TS = "timestamp"
"""The column for the envelope's time where events have none at all: known, and not so sure as our own `ts`."""
_TIMES = every_name(COMMON[0])


@dataclass(frozen=True)
class Envelope:
    """A form of row that holds others."""

    name: str
    """Whose it is, to be shown."""
    marks: tuple[frozenset[str], ...]
    """Sets of columns, lower case; a file that has all of one set is of this form."""
    holds: tuple[str, ...]
    """Columns, lower case, that hold the event; of several, the first that has a value."""
    time: tuple[str, ...] = ()
    """Columns, lower case, with the time; of several, the first that is there."""
    named: tuple[str, ...] = ()
    """Columns, lower case, that say the same of the event, where it does not say it itself."""
    leaves: frozenset[str] = frozenset()
    """Columns, lower case, that say nothing of the event."""
    is_exact: bool = False
    """Whether a file of this form has no other columns."""
    is_sure: bool = False
    """Whether what is inside is the event even where what lies around it looks like one."""
    is_cut: bool = False
    """Whether long lines may stand there in pieces, as Docker cuts them."""
    is_merged: bool = False
    """Whether what lies around the event are columns of it, too."""


def _marks(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(one.split()) for one in sets)


_LOGGED = ("@timestamp", "timestamp", "time", "date")
ENVELOPES: tuple[Envelope, ...] = (
    Envelope("a log of containers", _marks("log time", "log stream", "log kubernetes"), ("log",), _LOGGED, is_cut=True),
    Envelope("Kubernetes", _marks("message kubernetes"), ("message",), _LOGGED),
    Envelope(
        "Vector, Filebeat and Logstash",
        _marks("message source_type", "message agent @timestamp", "message @version @timestamp"),
        ("message",),
        _LOGGED,
    ),
    Envelope(
        "Elasticsearch and OpenSearch", _marks("_index _source"), ("_source",),
        leaves=frozenset(("_score", "_type", "_version", "_seq_no", "_primary_term", "sort", "highlight", "_ignored")),
    ),
    Envelope(
        "CloudWatch Logs", _marks("timestamp message ingestiontime", "timestamp message logstreamname"), ("message",),
        ("timestamp",), leaves=frozenset(("ingestiontime",)),
    ),
    Envelope("CloudWatch Logs", _marks("id timestamp message"), ("message",), ("timestamp",), is_exact=True),
    Envelope("CloudWatch Logs Insights", _marks("@timestamp @message"), ("@message",), ("@timestamp",)),
    Envelope("Loki", _marks("labels line timestamp"), ("line",), ("timestamp",)),
    Envelope("journald", _marks("message __realtime_timestamp"), ("message",), ("__realtime_timestamp",)),
    Envelope(
        "Google Cloud Logging", _marks("logname jsonpayload", "logname textpayload"), ("jsonpayload", "textpayload"),
        ("timestamp",), leaves=frozenset(("receivetimestamp",)),
    ),
    Envelope("Datadog", _marks("id type attributes"), ("attributes",), is_exact=True),
    Envelope(
        "Datadog", _marks("attributes message service status tags", "attributes message host status tags"),
        ("attributes",), ("timestamp", "date"), named=("service",), is_sure=True,
    ),
    Envelope("Splunk", _marks("preview result"), ("result",), leaves=frozenset(("preview", "offset", "lastrow"))),
    Envelope("Splunk", _marks("_raw _time"), ("_raw",), ("_time",)),
    Envelope("Kafka", _marks("topic partition offset value"), ("value",), ("timestamp",)),
    Envelope("CloudEvents", _marks("specversion source type data"), ("data",), ("time",)),
)  # fmt: skip
"""The forms that are known by their columns."""
_OURS = frozenset(("ts", "event_id"))
"""Columns that no envelope has."""
_WRITTEN = frozenset(name for one in ENVELOPES for name in one.time)


def envelope_of(columns: Iterable[str]) -> Envelope | None:
    """The form of rows with these columns."""
    there = frozenset(name.lower() for name in columns)
    if not there.isdisjoint(_OURS):
        return None
    return next(
        (one for one in ENVELOPES if any(marks == there if one.is_exact else marks <= there for marks in one.marks)),
        None,
    )


def held(rows: pl.DataFrame, envelope: Envelope) -> pl.Series:
    """What each row holds, as text."""
    there = _by_lower(rows.columns)
    columns = [rows[there[name]] for name in envelope.holds if name in there]
    texts = [texts_of(one if one.dtype.is_nested() else one.cast(pl.String)) for one in columns]
    found = pl.Series("held", [None] * rows.height, pl.String)
    for one in texts:
        found = found.fill_null(one)
    return found


def time_name(inner: Collection[str]) -> str:
    """The column of events that says when they were; `TS` where none does."""
    there = _by_lower(inner)
    return next((there[name] for name in _TIMES if name in there), TS)


def written_in(columns: Iterable[str]) -> str | None:
    """The column with the times at which events were written, where they came in an envelope that told them."""
    return next(
        (name for name in columns if name.startswith(OUTER) and name.rpartition(OUTER)[2].lower() in _WRITTEN), None
    )


def moments(rows: pl.DataFrame, column: str) -> pl.Series:
    """The times that a column says, as we read any."""
    return rows.select(converted(COMMON[0], column, rows.schema[column], "", Source()).alias(column)).to_series()


def laid_within(outer: pl.DataFrame, inner: pl.DataFrame, envelope: Envelope, ts: str | None) -> pl.DataFrame:
    """Events with what lies around them; `ts` is the column of their times, where those may come from there."""
    outer = outer.drop([name for name in outer.columns if name.lower() in {*envelope.holds, *envelope.leaves}])
    if envelope.is_merged:
        again = [name for name in outer.columns if name in inner.columns]
        return inner.with_columns(outer.rename({name: OUTER + name for name in again}).get_columns())
    there = _by_lower(outer.columns)
    inner = _timed(outer, inner, next((there[name] for name in envelope.time if name in there), None), ts)
    known = _by_lower(inner.columns)
    own = [there[name] for name in envelope.named if name in there and name not in known]
    around = outer.select(*own, pl.exclude(own).name.prefix(OUTER))
    return inner.with_columns(one for one in around.get_columns() if one.name not in inner.columns)


def _timed(outer: pl.DataFrame, inner: pl.DataFrame, column: str | None, ts: str | None) -> pl.DataFrame:
    if column is None or ts is None or (ts in inner.columns and not inner[ts].null_count()):
        return inner
    moment = moments(outer, column)
    if ts not in inner.columns:
        return inner.with_columns(moment.alias(ts))
    said = inner.select(text_of(ts, inner.schema[ts]).alias(ts)).to_series()
    return inner.with_columns(said.fill_null(moment.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")))


def same_names(outer: pl.DataFrame, inner: Sequence[str], envelope: Envelope) -> bool:
    """Whether a column around the events is called as one of theirs."""
    names = {name.lower() for name in outer.columns} - {*envelope.holds}
    return not names.isdisjoint(name.lower() for name in inner)


def _by_lower(columns: Iterable[str]) -> Mapping[str, str]:
    return {name.lower(): name for name in columns}
