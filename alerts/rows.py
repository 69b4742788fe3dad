"""The values that alerts are made of, as rows of the database and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from hashlib import blake2b
from json import JSONEncoder
from typing import Any, cast

from sqlalchemy import Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from alerts.alert import Instance, Key, Labels, State, Transition
from alerts.incident import Alert, Incident, Silence, Step
from alerts.rules import Priority

Values = Mapping[str, Any]
Read = Row[Any]
_canonical = JSONEncoder(separators=(",", ":")).encode
_INSTANCE = tuple(field.name for field in fields(Instance) if field.name not in ("key", "ended_at"))
_TRANSITION = tuple(field.name for field in fields(Transition) if field.name != "key")
_ALERT = tuple(field.name for field in fields(Alert) if field.name not in ("key", "incident", "recent"))
_INCIDENT = tuple(field.name for field in fields(Incident) if field.name not in ("head", "members", "firing"))
PARTS = 500
"""Values that one `IN` names at most: databases limit the parameters of a statement."""


def key_id(key: Key) -> str:
    """A short text that stands for a rule and labels of any length."""
    return blake2b(_canonical((key.rule, key.labels)).encode(), digest_size=16).hexdigest()


def keyed(key: Key) -> Values:
    """The columns that say which instance."""
    return {"id": key_id(key), "rule": key.rule, "labels": key.labels}


def key_of(rule: str, labels: Sequence[Sequence[str | None]]) -> Key:
    """The instance that two columns name."""
    return Key(rule, cast("Labels", tuple((str(name), value) for name, value in labels)))


def keys_as_lists(keys: Iterable[Key]) -> list[tuple[str, Labels]]:
    """Keys for a column of JSON."""
    return [(key.rule, key.labels) for key in keys]


def keys_of(lists: Iterable[tuple[str, Sequence[Sequence[str | None]]]]) -> tuple[Key, ...]:
    """Keys from a column of JSON."""
    return tuple(key_of(rule, labels) for rule, labels in lists)


def instance_row(instance: Instance, recent: Sequence[float | None]) -> Values:
    """An instance with its newest values."""
    return {**keyed(instance.key), **{name: getattr(instance, name) for name in _INSTANCE}, "recent": recent}


def instance_of(row: Read) -> Instance:
    """The instance of a row."""
    given = {name: getattr(row, name) for name in _INSTANCE} | {"state": State(row.state)}
    return Instance(key_of(row.rule, row.labels), **given)


def transition_row(transition: Transition) -> Values:
    """A change of state."""
    return {**keyed(transition.key), **{name: getattr(transition, name) for name in _TRANSITION}}


def transition_of(row: Read) -> Transition:
    """The change of state of a row."""
    return Transition(key_of(row.rule, row.labels), **{name: getattr(row, name) for name in _TRANSITION})


def alert_row(alert: Alert) -> Values:
    """An alert without its newest values, which its instance has."""
    return {
        **keyed(alert.key),
        **{name: getattr(alert, name) for name in _ALERT},
        "incident": alert.incident or None,
    }


def alert_of(row: Read) -> Alert:
    """The alert of a row of alerts joined with `recent` of its instance."""
    given = {name: getattr(row, name) for name in _ALERT}
    given |= {"priority": Priority(row.priority), "state": State(row.state), "incident": row.incident or ""}
    return Alert(key_of(row.rule, row.labels), **given, recent=row.recent)


def incident_row(incident: Incident) -> Values:
    """An incident."""
    return {
        **{name: getattr(incident, name) for name in _INCIDENT},
        "rule": incident.head.rule,
        "labels": incident.head.labels,
        "members": keys_as_lists(incident.members),
        "firing": keys_as_lists(incident.firing),
    }


def incident_of(row: Read) -> Incident:
    """The incident of a row."""
    given = {name: getattr(row, name) for name in _INCIDENT}
    return Incident(
        **given | {"priority": Priority(row.priority), "told": tuple(row.told)},
        head=key_of(row.rule, row.labels),
        members=keys_of(row.members),
        firing=keys_of(row.firing),
    )


def step_row(step: Step) -> Values:
    """An entry of the timeline."""
    which = keyed(step.key) if step.key else {"id": None, "rule": None, "labels": None}
    return {
        "at": step.at, "kind": step.kind, "text": step.text, "who": step.who, "incident": step.incident or None, **which
    }  # fmt: skip


def step_of(row: Read) -> Step:
    """The entry of a row."""
    key = None if row.rule is None else key_of(row.rule, row.labels)
    return Step(row.at, row.kind, row.text, row.incident or "", key, row.who)


def silence_row(silence: Silence) -> Values:
    """A silence."""
    return {
        "id": silence.id, "starts_at": silence.start, "ends_at": silence.end, "reason": silence.reason,
        "who": silence.who, "rule": silence.rule, "labels": dict(silence.labels),
    }  # fmt: skip


def silence_of(row: Read) -> Silence:
    """The silence of a row."""
    return Silence(row.id, row.starts_at, row.ends_at, row.reason, row.who, row.rule, row.labels)


def upsert(connection: Connection, table: Table, rows: Sequence[Values], *, keep: bool = False) -> None:
    """Write rows by the table's primary key; a row that is there is replaced, or kept as it is.

    `keep` holds for any unique column.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    if connection.dialect.name == "postgresql":
        insert = postgresql.insert(table)
    else:
        insert = sqlite.insert(table)
    if keep:
        statement = insert.on_conflict_do_nothing()
    else:
        changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
        statement = insert.on_conflict_do_update(index_elements=keys, set_=changed)
    connection.execute(statement, [dict(row) for row in rows])


def parts(values: Iterable[str]) -> Iterable[list[str]]:
    """The values, some hundreds at a time."""
    listed = list(values)
    return (listed[start : start + PARTS] for start in range(0, len(listed), PARTS))
