"""The vocabulary in which an event kind is written down: columns, their units and their limits.

A kind is data. Recognition, conversion, checks, storage and the documentation all read the same
`Kind`, so a column is added in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

STRING = pl.String()
FLOAT = pl.Float64()
INTEGER = pl.Int64()
BOOLEAN = pl.Boolean()
TIMESTAMP = pl.Datetime("us", "UTC")
ATTRIBUTES = pl.Map(pl.String(), pl.String())
"""Columns that no schema knows, as text."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an event kind."""

    name: str
    dtype: pl.DataType
    doc: str
    unit: str = ""
    """Unit of the value (`ms`, `tokens`, `USD`, `%`, `MB`, …); empty for text and identifiers."""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str, ...] = ()
    """Known values of an enumeration, lower case; empty when any text is allowed."""
    aliases: tuple[str, ...] = ()
    """Other names under which exports carry this column; compared without case."""


@dataclass(frozen=True)
class Kind:
    """One event kind: a table of the lake."""

    name: str
    doc: str
    own_columns: tuple[Column, ...]
    signature: tuple[tuple[str, ...], ...]
    """Sets of column names; a file that has all columns of one set (and `ts`) is of this kind."""
    aliases: tuple[str, ...] = field(default=())
    """Other names of the kind in an `event` / `event_type` column or a folder name."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns every event has, then this kind's own."""
        return COMMON + self.own_columns

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def schema(self) -> pl.Schema:
        """Stored schema: every column in order, then `attributes`."""
        stored: dict[str, pl.DataType] = {column.name: column.dtype for column in self.columns}
        return pl.Schema({**stored, "attributes": ATTRIBUTES})


def text(name: str, doc: str, **limits: object) -> Column:
    """A text column."""
    return Column(name, STRING, doc, **limits)  # pyright: ignore[reportArgumentType]


def duration(name: str, doc: str, **limits: object) -> Column:
    """A duration in milliseconds, never negative."""
    return Column(name, FLOAT, doc, unit="ms", minimum=0, **limits)  # pyright: ignore[reportArgumentType]


def tokens(name: str, doc: str, **limits: object) -> Column:
    """A number of tokens, never negative."""
    return Column(name, INTEGER, doc, unit="tokens", minimum=0, **limits)  # pyright: ignore[reportArgumentType]


COMMON: tuple[Column, ...] = (
    Column(
        "ts",
        TIMESTAMP,
        "When it happened, UTC.",
        required=True,
        aliases=(
            "timestamp",
            "time",
            "@timestamp",
            "event_time",
            "datetime",
            "created_at",
            "start_time",
            "date_time",
            "timestamp_ms",
            "event_timestamp",
            "timestamp_utc",
            "logged_at",
            "occurred_at",
            "started_at",
        ),
    ),
    text(
        "event_id",
        "Identity of the event; made from the content where the source has none.",
        required=True,
        aliases=("event_uuid", "uuid", "insert_id"),
    ),
    text("user_id", "Who; null when unknown.", aliases=("user", "user.id", "enduser.id", "end_user")),
    text(
        "session_id",
        "The visit or conversation.",
        aliases=("session", "session.id", "conversation_id", "gen_ai.conversation.id"),
    ),
    text("trace_id", "The distributed trace this event belongs to.", aliases=("trace.id",)),
    text("service", "The program that emitted it.", aliases=("service.name", "service_name")),
    text("region", "Where it ran.", aliases=("cloud.region", "cloud_region")),
    text(
        "environment", "prod, staging, dev, …", aliases=("env", "deployment.environment", "deployment.environment.name")
    ),
    text("feature", "The product feature it served.", aliases=("feature_name",)),
)
