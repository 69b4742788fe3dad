"""The tables of the alert database, and how moments, text and lists lie in them: the same on SQLite and PostgreSQL.

A change here needs a revision in `alerts/store/migrations/versions/`; a test compares the two.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

from alerts.judging import Key, State
from alerts.rules import Priority


class Fate(StrEnum):
    """What has become of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
_written = json.JSONEncoder(separators=(",", ":")).encode


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


class Moment(TypeDecorator[datetime]):
    """A moment to the microsecond, always UTC: SQLite, which knows no zones, holds it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text as both databases take it: what is no Unicode, and NUL, become the mark that stands for what is unknown."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or (value.isprintable() and value.isascii()):
            return value
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


class Named(TypeDecorator[StrEnum]):
    """One of a few named values, by its name."""

    impl = Text
    cache_ok = True

    def __init__(self, names: type[StrEnum]) -> None:
        super().__init__()
        self.names = names

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.names(value)


class Document(TypeDecorator[Any]):
    """Texts as JSON, ASCII only: any label value fits, NUL too. Lists come back as tuples."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else _written(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:
        return None if value is None else _frozen(json.loads(value))


class Keys(TypeDecorator[tuple[Key, ...]]):
    """Instances, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Key, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else _written([(key.rule, key.labels) for key in value])

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Key, ...] | None:
        return None if value is None else tuple(Key(rule, _frozen(labels)) for rule, labels in json.loads(value))


class Numbers(TypeDecorator[Any]):
    """Numbers with gaps, as JSON; what is not finite is a gap."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[float | None, ...]:
        return () if value is None else tuple(orjson.loads(value))


class Number(TypeDecorator[float]):
    """A number; NaN, which the two databases treat differently, is none."""

    impl = Double
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return None if value is None or value != value else value


class Belonging(TypeDecorator[str]):
    """The id of what a row belongs to; empty where it belongs to nothing."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value or None

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        return value or ""


def _sequence() -> Column[int]:
    """Rows in the order in which they came; a number is never given twice."""
    return Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _incident(nullable: bool = True) -> Column[str]:
    """What belongs to an incident goes with it. Checked at the end of the transaction: the order of writing is free."""
    return Column(
        "incident",
        Belonging,
        ForeignKey("incidents.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=nullable,
    )


EVALUATED = Table(
    "evaluated", METADATA,
    Column("rule", Words, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("too_few", Boolean, nullable=False),
)  # fmt: skip
"""The last instant evaluated of each rule, and whether there were too few events then to judge any instance."""

INSTANCES = Table(
    "instances", METADATA,
    Column("id", Words, primary_key=True),
    Column("rule", Words, nullable=False),
    Column("labels", Document, nullable=False),
    Column("state", Named(State), nullable=False),
    Column("breaching_since", Moment),
    Column("recovering_since", Moment),
    Column("since", Moment),
    Column("fired_at", Moment),
    Column("value", Number),
    Column("worst", Number),
    Column("evaluated_at", Moment),
    Column("judged_at", Moment),
    Column("basis", Words, nullable=False),
    Column("recent", Numbers),
)  # fmt: skip
"""Instances that are pending or firing. `id` stands for rule and labels, which may be too long for an index."""

TRANSITIONS = Table(
    "transitions", METADATA,
    _sequence(),
    Column("id", Words, nullable=False),
    Column("rule", Words, nullable=False),
    Column("labels", Document, nullable=False),
    Column("kind", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("value", Number),
    Column("reason", Words, nullable=False),
    Column("late", Boolean, nullable=False),
    Index(None, "at"),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Every change of state of an instance."""

INCIDENTS = Table(
    "incidents", METADATA,
    Column("id", Words, primary_key=True),
    Column("rule", Words, nullable=False),
    Column("labels", Document, nullable=False),
    Column("title", Words, nullable=False),
    Column("priority", Named(Priority), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("members", Keys, nullable=False),
    Column("firing", Keys, nullable=False),
    Column("acknowledged_at", Moment),
    Column("acknowledged_by", Words, nullable=False),
    Column("resolved_at", Moment),
    Column("resolution", Words, nullable=False),
    Column("first_told_at", Moment),
    Column("told_at", Moment),
    Column("delivered_at", Moment),
    Column("told", Document, nullable=False),
    Column("escalated", Integer, nullable=False),
    Column("flapping_since", Moment),
    Column("withheld", Words, nullable=False),
    Column("late", Boolean, nullable=False),
    Index(None, "resolved_at"),
    Index(None, "opened_at"),
)  # fmt: skip
"""Rule and labels are those of the head."""

ALERTS = Table(
    "alerts", METADATA,
    Column("id", Words, primary_key=True),
    Column("fired_at", Moment, primary_key=True),
    Column("rule", Words, nullable=False),
    Column("labels", Document, nullable=False),
    Column("name", Words, nullable=False),
    Column("priority", Named(Priority), nullable=False),
    Column("state", Named(State), nullable=False),
    Column("since", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("value", Number),
    Column("worst", Number),
    _incident(),
    Column("withheld", Words, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("reason", Words, nullable=False),
    Column("basis", Words, nullable=False),
    Index(None, "incident"),
    Index(None, "ended_at"),
    Index(None, "fired_at"),
)  # fmt: skip
"""Every firing of an instance, by the moment it fired."""

TIMELINE = Table(
    "timeline", METADATA,
    _sequence(),
    Column("at", Moment, nullable=False),
    Column("kind", Words, nullable=False),
    Column("text", Words, nullable=False),
    _incident(),
    Column("id", Words),
    Column("rule", Words),
    Column("labels", Document),
    Column("who", Words, nullable=False),
    Index(None, "incident"),
    Index(None, "rule", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)  # fmt: skip

SILENCES = Table(
    "silences", METADATA,
    Column("id", Words, primary_key=True),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("reason", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("matchers", Document, nullable=False),
    Index(None, "ends_at"),
)  # fmt: skip

OUTBOX = Table(
    "outbox", METADATA,
    _sequence(),
    Column("key", Words, nullable=False, unique=True),
    _incident(nullable=False),
    Column("target", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("alerts", Keys, nullable=False),
    Column("others", Document, nullable=False),
    Column("note", Words, nullable=False),
    Column("who", Words, nullable=False),
    Column("message", Words, nullable=False),
    Column("status", Named(Fate), nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("leased_until", Moment),
    Column("begun_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", Moment),
    Column("reason", Words, nullable=False),
    Column("reference", Document),
    Index(None, "incident", "target"),
    Index(None, "status", "due_at"),
    sqlite_autoincrement=True,
)  # fmt: skip
"""Notices by target: those that wait, those that arrived, those that were given up."""

LEASES = Table(
    "leases", METADATA,
    Column("name", Words, primary_key=True),
    Column("holder", Words, nullable=False),
    Column("host", Words, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("expires_at", Moment, nullable=False),
)  # fmt: skip
"""Which of the homes that take turns writes their lake, in which turn, and until when by the database's clock."""

RULE_TEXTS = Table(
    "rule_texts", METADATA,
    Column("name", Words, primary_key=True),
    Column("text", Words, nullable=False),
    Column("saved_at", Moment, nullable=False),
)  # fmt: skip
"""The last rule files that could be read, so that a file broken while we were away leaves them in force."""

TABLES: Mapping[str, Table] = METADATA.tables
