"""Teams, routes and inhibitions, as they stand in `routing.yaml`; the words are Alertmanager's where it has any.

    contact_points:
      checkout: {slack: {channel: "#checkout"}}         # its secrets: [alerts.checkout] of secrets.toml
    teams:
      checkout: {channels: [slack@checkout, pagerduty@checkout]}
    time_intervals:
      office: ["mon-fri 09:00-17:00 Europe/Berlin"]
    route:
      routes:
        - matchers: ["service=checkout", "priority=~P0|P1"]
          teams: [checkout]
          group_by: [endpoint]
    templates: {title: "{{ headline }}"}                # own words for messages; a contact point may have others
    inhibit_rules:
      - {source_matchers: [rule=component-down], target_matchers: [priority!=P0], equal: [region]}

An alert begins at the top and goes to the first route below whose matchers all hold, and on to the next that does where
that one says `continue`; where none does, it stays. Values only: reading the file is `reading.py`'s.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from alerts.policy.matchers import Matcher, matches
from alerts.policy.words import Words
from alerts.policy.words import complaints as of_words
from alerts.rules.model import Target, TargetText
from alerts.rules.time_intervals import Weekly
from metrics.events.entries import Entry, Place, nearest

Labels = Mapping[str, str]
NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
_EACH = "..."
"""As in Alertmanager: every label counts, so that every alert is an incident of its own."""


def _matcher(given: object) -> object:
    if not isinstance(given, str):
        raise ValueError('expected text, such as endpoint=/chat or priority=~"P0|P1"')
    return Matcher.of(given)


def _is_a_span(text: str) -> str:
    Weekly.of(text)
    return text


MatcherText = Annotated[Matcher, BeforeValidator(_matcher), WithJsonSchema({"type": "string"})]
Span = Annotated[str, AfterValidator(_is_a_span)]
Name = Annotated[str, Field(pattern=NAME)]


class OwnSlack(Entry):
    """A channel of Slack that a contact point posts to."""

    channel: str = ""


class OwnEmail(Entry):
    """Who gets a contact point's mail."""

    to: tuple[str, ...] = ()


class OwnWebhook(Entry):
    """Where a contact point posts to, and what."""

    url: str = ""
    template: str = ""


class ContactPoint(Entry):
    """What differs from the channels of the settings. Secrets stand elsewhere, under the contact point's name."""

    slack: OwnSlack = OwnSlack()
    email: OwnEmail = OwnEmail()
    webhook: OwnWebhook = OwnWebhook()
    templates: Words = Words()
    """Own words for what is told there."""


class Team(Entry):
    """Some people, and how they are told."""

    channels: tuple[TargetText, ...]


class Route(Entry):
    """A node of the tree."""

    matchers: tuple[MatcherText, ...] = ()
    teams: tuple[str, ...] = ()
    channels: tuple[TargetText, ...] = ()
    """Who is told besides teams; where a route names nobody, it is as the one above says."""
    active_time_intervals: tuple[str, ...] = ()
    """Somebody is told within these only."""
    mute_time_intervals: tuple[str, ...] = ()
    """Nobody is told within these."""
    group_by: tuple[str, ...] | None = None
    """Alerts with the same values of these are one incident, and others are not; left out: as the one above says."""
    goes_on: Annotated[bool, Field(alias="continue")] = False
    """Whether the routes after it are looked at, too."""
    routes: tuple["Route", ...] = ()


class Inhibition(Entry):
    """While a source fires, targets are not told."""

    source_matchers: tuple[MatcherText, ...] = ()
    target_matchers: tuple[MatcherText, ...] = ()
    equal: tuple[str, ...] = ()
    """Labels that must have the same values, or be missing in both."""
    only_lower: bool = False
    """Only targets of a lower priority than the source."""
    only_within: bool = False
    """Only targets whose labels lie within the source's: the same ones, or more."""


class Policy(Entry):
    """All of it. One that says nothing changes nothing: who is told is as rules and priorities say."""

    contact_points: Mapping[Name, ContactPoint] = {}
    teams: Mapping[Name, Team] = {}
    time_intervals: Mapping[Name, tuple[Span, ...]] = {}
    templates: Words = Words()
    """Own words for all messages, where a contact point has none."""
    route: Route = Route()
    inhibit_rules: tuple[Inhibition, ...] | None = None
    """Left out: those that ship."""

    @cached_property
    def is_plain(self) -> bool:
        """Whether it routes nothing in a way of its own."""
        return self.route == Route()

    def ways(self, labels: Labels) -> tuple["Way", ...]:
        """Where an alert of these labels ends up, in the order of the file; never nowhere."""
        return tuple(_ways(self.route, labels, Way(("route",), (), (), None, (), ())))

    def targets(self, way: "Way") -> tuple[Target, ...] | None:
        """Who is told on a way; None where it names nobody."""
        if not way.teams and not way.channels:
            return None
        named = [text for team in way.teams for text in self.teams[team].channels] + list(way.channels)
        return tuple(Target.of(text) for text in dict.fromkeys(named))

    def words(self, point: str) -> Words:
        """The templates of what is told at a contact point; empty: to a channel of the home."""
        own = self.contact_points.get(point)
        return own.templates.over(self.templates) if own else self.templates

    def muted(self, way: "Way", at: datetime) -> str:
        """Why nobody is told on a way at a moment; empty where somebody is."""
        muting = next((name for name in way.mute if self._covers(name, at)), "")
        if muting:
            return f"muted: {muting}"
        if way.active and not any(self._covers(name, at) for name in way.active):
            return f"muted: outside {' and '.join(way.active)}"
        return ""

    def group(self, labels: Labels) -> Hashable:
        """What alerts of one incident have in common; None where nothing is said about it."""
        way = self.ways(labels)[0]
        if way.group_by is None:
            return None
        names = sorted(labels) if _EACH in way.group_by else way.group_by
        return way.place, tuple(labels.get(name, "") for name in names)

    def _covers(self, name: str, at: datetime) -> bool:
        return any(Weekly.of(span).covers(at) for span in self.time_intervals[name])


@dataclass(frozen=True, slots=True)
class Way:
    """A route as an alert takes it, with what it has from those above."""

    place: Place
    """Where the route stands in the file."""
    teams: tuple[str, ...]
    channels: tuple[str, ...]
    group_by: tuple[str, ...] | None
    active: tuple[str, ...]
    mute: tuple[str, ...]

    def into(self, place: Place, route: Route) -> "Way":
        """The way on to a route. Like Alertmanager, spans are the route's own; who is told is handed down."""
        names_somebody = bool(route.teams or route.channels)
        return Way(
            place,
            route.teams if names_somebody else self.teams,
            route.channels if names_somebody else self.channels,
            self.group_by if route.group_by is None else route.group_by,
            route.active_time_intervals,
            route.mute_time_intervals,
        )


def _ways(route: Route, labels: Labels, above: Way) -> Iterator[Way]:
    way = above.into(above.place, route)
    ended = False
    for number, below in enumerate(route.routes):
        if matches(below.matchers, labels):
            at = Way((*way.place, "routes", number), way.teams, way.channels, way.group_by, (), ())
            yield from _ways(below, labels, at)
            ended = True
            if not below.goes_on:
                break
    if not ended:
        yield way


def complaints(policy: Policy) -> Iterator[tuple[Place, str]]:
    """What a policy names that there is not: the place, and what is wrong there."""
    for name, spans in policy.time_intervals.items():
        if not spans:
            yield ("time_intervals", name), "holds no span; expected such as [mon-fri 09:00-17:00 Europe/Berlin]"
    yield from of_words(policy.templates, ("templates",))
    for name, point in policy.contact_points.items():
        yield from of_words(point.templates, ("contact_points", name, "templates"))
    for name, team in policy.teams.items():
        if not team.channels:
            yield ("teams", name, "channels"), "is empty: nobody of the team could be told"
        yield from _unknown_points(("teams", name, "channels"), team.channels, policy)
    if policy.route.matchers:
        yield ("route", "matchers"), "the route at the top takes every alert: give matchers to routes below it"
    if policy.route.goes_on:
        yield ("route", "continue"), "there is nothing after the route at the top"
    yield from _of_route(("route",), policy.route, policy)


def _of_route(place: Place, route: Route, policy: Policy) -> Iterator[tuple[Place, str]]:
    named: Mapping[str, tuple[tuple[str, ...], Iterable[Any], str]] = {
        "teams": (route.teams, policy.teams, "team"),
        "active_time_intervals": (route.active_time_intervals, policy.time_intervals, "time interval"),
        "mute_time_intervals": (route.mute_time_intervals, policy.time_intervals, "time interval"),
    }
    for key, (names, known, what) in named.items():
        for number, name in enumerate(names):
            if name not in known:
                listed = ", ".join(known) or "none"
                yield (*place, key, number), f"{name!r} is no {what}{nearest(name, known)}; there are {listed}"
    yield from _unknown_points((*place, "channels"), route.channels, policy)
    for number, below in enumerate(route.routes):
        yield from _of_route((*place, "routes", number), below, policy)


def _unknown_points(place: Place, texts: Iterable[str], policy: Policy) -> Iterator[tuple[Place, str]]:
    for number, text in enumerate(texts):
        point = Target.of(text).point
        if point and point not in policy.contact_points:
            near = nearest(point, policy.contact_points)
            yield (*place, number), f"{point!r} is no contact point{near}; name it in `contact_points`"
