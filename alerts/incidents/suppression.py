"""What rules themselves foresee: nobody is told during a weekly span, or around a planned change."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.incidents.batch import Batch, Planned
from alerts.incidents.incident import Alert
from alerts.rules import AlertRule, Suppression
from alerts.rules.time_intervals import Weekly
from metrics.engine import Changes, Engine, Window

UNENDED = timedelta(days=1)
"""How long maintenance that never says that it ended may keep alerts quiet."""
OPEN_ENDED = ("maintenance", "incident")
"""Types of changes that go on until they say that they ended; others are over at once."""


def suppress(batch: Batch) -> Batch:
    """Withhold alerts whose rule foresees it now. Once that is over, they are told if they still fire."""
    reasons: dict[str, str] = {}

    def suppressed(alert: Alert) -> Alert:
        name = alert.key.rule
        if name not in reasons:
            rule = batch.rules.get(name)
            reasons[name] = _reason(rule.suppression, batch.changes, batch.now) if rule else ""
        return replace(alert, withheld=reasons[name]) if reasons[name] and not alert.withheld else alert

    return replace(batch, alerts=tuple(map(suppressed, batch.alerts)))


def is_open(change: Planned, at: datetime, settle: timedelta) -> bool:
    """Whether a change, or the time in which things settle after it, goes on at a moment.

    A deployment or a configuration change without an end is over the moment it is made: it suppresses for `settle`.
    Maintenance (and a declared incident) without an end goes on until it has one, at most `UNENDED`: one that was
    never closed must not keep an alert quiet for good.
    """
    lasts = UNENDED if change.change_type in OPEN_ENDED else timedelta()
    end = change.end or change.start + lasts
    return change.start <= at < end + settle


def planned(engine: Engine, rules: Iterable[AlertRule], now: datetime) -> tuple[Planned, ...]:
    """The `change` events that any rule asks for and that may be open at a moment: what a `Batch` has as `changes`.

    An event without an end takes the end that a later one of its name and type gives.
    """
    asked = [one for rule in rules for one in rule.suppression if one.change]
    if not asked:
        return ()
    reach = UNENDED + max(one.settle for one in asked)
    window = Window(start=now - reach, end=now + timedelta(microseconds=1))
    frame = engine.answer(Changes(window=window))
    names = {one.change for one in asked}
    found = [
        Planned(row["name"], row["change_type"], row["ts"], row["ended_at"])
        for row in frame.iter_rows(named=True)
        if row["name"] in names
    ]
    return tuple(one if one.end else replace(one, end=_end(one, found)) for one in found)


def _end(change: Planned, others: Sequence[Planned]) -> datetime | None:
    if change.change_type not in OPEN_ENDED:
        return None
    named = (one for one in others if (one.name, one.change_type) == (change.name, change.change_type))
    return min((one.end for one in named if one.end and one.end >= change.start), default=None)


def _reason(suppressions: Sequence[Suppression], changes: Sequence[Planned], now: datetime) -> str:
    for one in suppressions:
        if one.during:
            applies = Weekly.of(one.during).covers(now)
        else:
            applies = any(is_open(change, now, one.settle) for change in changes if change.name == one.change)
        if applies:
            return f"suppressed: {one.reason or one.during or one.change}"
    return ""
