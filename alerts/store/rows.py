"""The values that alerts are made of, as rows of the database and back.

A column has the name of the field it holds; its type (`alerts/store/tables.py`) knows how the value lies there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from hashlib import blake2b
from json import JSONEncoder
from typing import Any

from sqlalchemy import Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from alerts.incidents import Alert, Incident, Silence, Step
from alerts.judging import Instance, Key, Transition
from alerts.judging.instance import KEYS_REMEMBERED
from alerts.policy import Matcher

Values = Mapping[str, Any]
Read = Row[*tuple[Any, ...]]
PARTS = 500
"""Values that one `IN` names at most: databases limit the parameters of a statement."""
_KEYLESS: Values = {"id": None, "rule": None, "labels": None}
_canonical = JSONEncoder(separators=(",", ":")).encode


def columns_of(kind: type[Any], *others: str) -> tuple[str, ...]:
    """The fields of a value that lie in a column of their name, unlike `others`."""
    return tuple(field.name for field in fields(kind) if field.name not in others)


_INSTANCE = columns_of(Instance, "key", "ended_at")
_TRANSITION = columns_of(Transition, "key")
_ALERT = columns_of(Alert, "key", "recent")
_INCIDENT = columns_of(Incident, "head")
_STEP = columns_of(Step, "key")


def row_of(value: object, names: Iterable[str]) -> dict[str, Any]:
    """Those fields of a value."""
    return {name: getattr(value, name) for name in names}


@lru_cache(maxsize=KEYS_REMEMBERED)
def key_id(key: Key) -> str:
    """A short text that stands for a rule and labels of any length."""
    return blake2b(_canonical((key.rule, key.labels)).encode(), digest_size=16).hexdigest()


def keyed(key: Key) -> Values:
    """The columns that say which instance."""
    return {"id": key_id(key), "rule": key.rule, "labels": key.labels}


def key_of(row: Read) -> Key:
    """The instance that a row is about."""
    return Key(row.rule, row.labels)


def instance_row(instance: Instance, recent: Sequence[float | None]) -> Values:
    """An instance with its newest values."""
    return {**keyed(instance.key), **row_of(instance, _INSTANCE), "recent": recent}


def instance_of(row: Read) -> Instance:
    """The instance of a row."""
    return Instance(key_of(row), **row_of(row, _INSTANCE))


def transition_row(transition: Transition) -> Values:
    """A change of state."""
    return {**keyed(transition.key), **row_of(transition, _TRANSITION)}


def transition_of(row: Read) -> Transition:
    """The change of state of a row."""
    return Transition(key_of(row), **row_of(row, _TRANSITION))


def alert_row(alert: Alert) -> Values:
    """An alert without its newest values, which its instance has."""
    return {**keyed(alert.key), **row_of(alert, _ALERT)}


def alert_of(row: Read) -> Alert:
    """The alert of a row of alerts joined with `recent` of its instance."""
    return Alert(key_of(row), **row_of(row, _ALERT), recent=row.recent)


def incident_row(incident: Incident) -> Values:
    """An incident; rule and labels are those of its head."""
    return {**row_of(incident, _INCIDENT), "rule": incident.head.rule, "labels": incident.head.labels}


def incident_of(row: Read) -> Incident:
    """The incident of a row."""
    return Incident(head=key_of(row), **row_of(row, _INCIDENT))


def step_row(step: Step) -> Values:
    """An entry of the timeline."""
    return {**row_of(step, _STEP), **(keyed(step.key) if step.key else _KEYLESS)}


def step_of(row: Read) -> Step:
    """The entry of a row."""
    return Step(**row_of(row, _STEP), key=None if row.rule is None else key_of(row))


def silence_row(silence: Silence) -> Values:
    """A silence; `end` is a word of SQL."""
    return {
        "id": silence.id, "starts_at": silence.start, "ends_at": silence.end, "reason": silence.reason,
        "who": silence.who, "matchers": [(one.name, one.operator, one.value) for one in silence.matchers],
    }  # fmt: skip


def silence_of(row: Read) -> Silence:
    """The silence of a row."""
    matchers = tuple(Matcher(*one) for one in row.matchers)
    return Silence(row.id, row.starts_at, row.ends_at, row.reason, row.who, matchers)


def upsert(connection: Connection, table: Table, rows: Sequence[Values], *, keep: bool = False) -> None:
    """Write rows by the table's primary key; a row that is there is replaced.

    With `keep`, a row that is there by any unique column stays as it is.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    insert = postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
    if keep:
        statement = insert.on_conflict_do_nothing()
    else:
        changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
        statement = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    connection.execute(statement, [dict(row) for row in rows])


def parts(values: Iterable[str]) -> Iterator[list[str]]:
    """The values, some hundreds at a time."""
    listed = list(values)
    return (listed[start : start + PARTS] for start in range(0, len(listed), PARTS))
