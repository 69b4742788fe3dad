"""Silences that people set: what they match is told to nobody until they end."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.incidents.batch import Batch
from alerts.incidents.incident import Alert, Silence


def silence(batch: Batch) -> Batch:
    """Withhold alerts that a silence matches; of several, the one that lasts longest says why.

    Nothing else is kept: once the silence has ended, the alert is no longer withheld, and told if it still fires.
    """
    if not batch.silences:
        return batch
    by_rule: defaultdict[str, list[Silence]] = defaultdict(list)
    for one in batch.silences:
        by_rule[one.rule].append(one)
    reasons = {one.id: _reason(one, batch.now, ZoneInfo(batch.timezone)) for one in batch.silences}

    def silenced(alert: Alert) -> Alert:
        candidates = [*by_rule[alert.key.rule], *by_rule[""]]
        found = _match(batch.labels(alert), candidates, batch.now) if candidates else None
        return replace(alert, withheld=reasons[found.id]) if found and not alert.withheld else alert

    return replace(batch, alerts=tuple(map(silenced, batch.alerts)))


def until(end: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A moment to come, with its date if that is another day: `14:00 UTC`, `02 May 14:00 UTC`."""
    local = end.astimezone(zone)
    return f"{local:%H:%M %Z}" if local.date() == now.astimezone(zone).date() else f"{local:%d %b %H:%M %Z}"


def _match(labels: Mapping[str, str], silences: Sequence[Silence], now: datetime) -> Silence | None:
    matching = (one for one in silences if one.matches(labels, now))
    return max(matching, key=lambda one: one.end, default=None)


def _reason(one: Silence, now: datetime, zone: ZoneInfo) -> str:
    said = f"silenced by {one.who} until {until(one.end, now, zone)}"
    return f"{said}: {one.reason}" if one.reason else said
