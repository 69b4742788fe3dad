"""Receivers of Alertmanager, as teams and contact points of the same names; their secrets stay where they are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from alerts.importing.left_out import Notes
from metrics.events.entries import Place

CHANNELS_OF: Mapping[str, str] = {
    "slack_configs": "slack", "email_configs": "email", "pagerduty_configs": "pagerduty", "webhook_configs": "webhook",
    "opsgenie_configs": "opsgenie", "msteams_configs": "msteams", "msteamsv2_configs": "msteams",
    "discord_configs": "discord", "telegram_configs": "telegram",
}  # fmt: skip
"""The channel that a list of a receiver is here."""
SAID = ("channel", "to", "send_resolved")
"""Keys of a receiver's entries that are said here, or that are so anyhow."""
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")
LONGEST = 40


def fitting(name: str, taken: Mapping[str, object]) -> str:
    """A name as teams, contact points and time intervals may have it, that is not taken yet."""
    plain = _UNFIT.sub("-", name).strip("-_") or "unnamed"
    plain = (plain if plain[0].isalpha() else f"n{plain}")[:LONGEST]
    numbered = (f"{plain[: LONGEST - 4]}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (plain, *numbered) if one not in taken)


@dataclass(frozen=True)
class Receivers:
    """Who is told."""

    teams: Mapping[str, str]
    """By receiver, the team; one that tells nobody has none."""
    silent: frozenset[str]
    """Receivers without anybody."""
    documents: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Teams as `routing.yaml` has them."""
    points: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Contact points likewise."""


def receivers(listed: Sequence[Any], notes: Notes) -> Receivers:
    """What the `receivers` of a file are here."""
    teams, silent = dict[str, str](), set[str]()
    documents, points = dict[str, Any](), dict[str, Any]()
    for number, given in enumerate(listed):
        place: Place = ("receivers", number)
        if not isinstance(given, dict) or not given.get("name"):
            notes.left_out(place, "is no receiver: it has no name")
            continue
        name = str(given["name"])
        lists = [key for key in given if str(key).endswith("_configs") and given[key]]
        told = list(_told(given, place, notes))
        if not told:
            if not lists:
                silent.add(name)
            else:
                notes.left_out(place, f"tells nobody who can be told here: routes to {name} go where those above do")
            continue
        teams[name] = fitting(name, {**documents, **points})
        channels: list[str] = []
        for channel, entry in told:
            first = f"{channel}@{teams[name]}" not in channels
            point = teams[name] if first else fitting(teams[name], {**documents, **points, teams[name]: None})
            points.setdefault(point, {}).update({channel: entry} if entry else {})
            channels.append(f"{channel}@{point}")
        documents[teams[name]] = {"channels": channels}
    return Receivers(teams, frozenset(silent), documents, points)


def _told(given: Mapping[str, Any], place: Place, notes: Notes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each channel of a receiver, with what its contact point says of it."""
    for key, entries in given.items():
        if not str(key).endswith("_configs") or not isinstance(entries, list):
            continue
        channel = CHANNELS_OF.get(key)
        if channel is None:
            notes.left_out((*place, key), f"{key.removesuffix('_configs')} is no channel here")
            continue
        for number, entry in enumerate(entries):
            at: Place = (*place, key, number)
            found = _entry(channel, entry if isinstance(entry, dict) else {}, at, notes)
            if found is not None:
                yield channel, found


def _entry(channel: str, given: Mapping[str, Any], at: Place, notes: Notes) -> dict[str, Any] | None:
    """What a contact point says of a channel; None where nobody can be told."""
    found: dict[str, Any] = {}
    if channel == "slack" and given.get("channel"):
        found = {"channel": str(given["channel"])}
    elif channel == "email":
        found = {"to": [one.strip() for one in str(given.get("to", "")).split(",") if one.strip()]}
    if any("{{" in str(one) for one in (found.get("channel", ""), *found.get("to", ()))):
        notes.left_out(at, "names whom to tell by a template: name each, in a contact point of its own")
        return None
    others = [str(key) for key in given if key not in SAID]
    if others:
        notes.left_out(
            at, f"{', '.join(others)}: secrets and addresses of services go into the secrets, "
            "and words of messages into `templates`"
        )  # fmt: skip
    return found
