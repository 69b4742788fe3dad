"""Which alerts belong together: those of one rule, with a label in common, or that move together.

An alert joins an incident that goes on, however late, if it says the same as one of its alerts that fire: of the same
metric, for the same labels, for labels within them or around them; or of any metric, for the same labels or for labels
within them. It joins one whose newest alert began to fire within five minutes of it, if it is of the same rule as one
of its alerts, has a label with the same value, or, having nothing in common with any incident, if its values move with
those of the incident's head. Where the route of an alert says what to group by, that alone counts.

What has something in common is looked up, never searched for, and values are compared with few heads only: ten thousand
alerts at once take a fraction of a second.
"""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.incidents.batch import rank
from alerts.incidents.incident import Alert, incident_id
from alerts.incidents.series_correlation import Series, most_alike, series
from alerts.judging import Key, State
from alerts.policy import Policy, labels_of
from alerts.policy.labels import METRIC, RULE, around, place, subject
from alerts.rules import AlertRule

TOGETHER = timedelta(minutes=5)
"""How far apart two alerts of one incident may begin."""
MOST_COMPARED = 50
"""Incidents, the newest ones, with whose heads an alert's values are compared."""


@dataclass(slots=True, eq=False)
class Group:
    """An incident while alerts are placed."""

    id: str
    opened_at: datetime
    newest: datetime
    """When the newest of its alerts began to fire."""
    ends: datetime | None
    """When the last of its alerts was resolved; None while one fires."""
    keys: set[Key] = field(default_factory=set[Key])
    known: bool = False
    """Whether it is from before: such a one keeps its id, and is joined but joins no other."""
    joined: list[Alert] = field(default_factory=list[Alert])
    """Alerts placed in it, the earliest first."""
    head: Alert | None = None
    """The alert whose series it shows."""
    series: Series | None = None
    number: int = 0
    """Its place in the order of opening."""
    into: "Group | None" = None
    """The one that it turned out to be part of."""
    common: Hashable = None
    """What its alerts have in common, where their route says what that is to be."""

    @property
    def whole(self) -> "Group":
        """The one that it is part of in the end."""
        group = self
        while group.into is not None:
            group = group.into
        return group

    def has_ended(self, at: datetime) -> bool:
        """Whether it was over before a moment."""
        return self.ends is not None and self.ends < at

    def is_near(self, at: datetime) -> bool:
        """Whether an alert that began to fire then may join it."""
        return abs(at - self.newest) <= TOGETHER and not self.has_ended(at)

    def is_past(self, at: datetime) -> bool:
        """Whether no alert that begins to fire then or later may join it."""
        return at - self.newest > TOGETHER or self.has_ended(at)

    def take(self, alert: Alert) -> None:
        """Have an alert as a member."""
        self.newest = max(self.newest, alert.fired_at)
        self.ends = _later(self.ends, None if alert.state is State.FIRING else alert.ended_at)
        self.keys.add(alert.key)
        self.joined.append(alert)
        self.show(alert)

    def absorb(self, other: "Group") -> None:
        """Have all alerts of another one."""
        other.into = self
        self.newest = max(self.newest, other.newest)
        self.ends = _later(self.ends, other.ends)
        self.keys |= other.keys
        self.joined += other.joined

    def show(self, alert: Alert) -> None:
        """Take the series of an alert for its own, if that is the first one or more severe."""
        if self.head is None or alert.priority < self.head.priority:
            self.head, self.series = alert, series(alert.recent) if alert.recent else None


class Groups:
    """Incidents by what an alert may have in common with them."""

    def __init__(self, rules: Mapping[str, AlertRule], policy: Policy | None = None) -> None:
        self._opened: list[Group] = []
        self._rules = rules
        self._policy = policy if policy is not None and not policy.is_plain else None
        self._by_key: dict[Key, Group] = {}
        self._by_mark: defaultdict[object, list[Group]] = defaultdict(list)
        self._by_place: dict[object, Group] = {}
        """The oldest incident that speaks of something somewhere."""
        self._by_common: dict[Hashable, Group] = {}
        self._unplaced: deque[tuple[Alert, Group]] = deque()
        """Alerts of known incidents that are not yet among those: nothing is looked up where nothing is new."""

    @property
    def all(self) -> list[Group]:
        """Every incident, in the order of opening."""
        return [group for group in self._opened if group.into is None]

    def add(self, group: Group) -> None:
        """Have an incident that alerts may join; the earliest is added first."""
        group.number = len(self._opened)
        self._opened.append(group)
        for key in group.keys:
            self._index(key, group)

    def speaks(self, group: Group, alerts: Iterable[Alert]) -> None:
        """Have an incident from before speak of what these of its alerts say."""
        self._unplaced += ((alert, group) for alert in alerts)

    def place(self, alerts: Iterable[Alert]) -> None:
        """Put every alert into an incident, in the order in which they began to fire."""
        for alert in sorted(alerts, key=lambda one: (one.fired_at, rank(one))):
            while self._unplaced:
                self._settle(*self._unplaced.popleft())
            labels = self._labels(alert)
            common = self._policy.group(labels) if self._policy else None
            group = self._joined(alert, labels, common) or self._opening(alert, common)
            group.take(alert)
            self._index(alert.key, group)
            self._note(alert, labels, common, group)

    def _opening(self, alert: Alert, common: Hashable) -> Group:
        ends = None if alert.state is State.FIRING else alert.ended_at
        group = Group(incident_id(alert.key, alert.fired_at), alert.fired_at, alert.fired_at, ends, common=common)
        self.add(group)
        return group

    def _joined(self, alert: Alert, labels: Mapping[str, str], common: Hashable) -> Group | None:
        same = self._by_key.get(alert.key)
        if same is not None and not same.whole.has_ended(alert.fired_at):
            return same.whole
        if common is not None:
            alike = self._by_common.get(common)
            return alike.whole if alike is not None and not alike.whole.has_ended(alert.fired_at) else None
        sharing = {group for mark in _marks(alert.key) for group in self._near(mark, alert.fired_at)}
        sharing |= {group for group in self._saying(labels) if not group.has_ended(alert.fired_at)}
        sharing = {group for group in sharing if group.common is None}
        if not sharing:
            return self._moving_with(alert)
        first, *others = sorted(sharing, key=lambda group: group.number)
        for other in others:
            # What began in the same moment and is linked by this alert is one; what was told before stays as it is.
            if other.opened_at == alert.fired_at and not other.known:
                first.absorb(other)
        return first

    def _saying(self, labels: Mapping[str, str]) -> Iterator[Group]:
        """Incidents that speak of the same: the oldest for these labels, for each around them, and for those within."""
        about, where = subject(labels[METRIC]) or labels[RULE], place(labels)
        marks = [("within", about, where), *((about, at) for at in around(where))]
        marks += [("any", at) for at in around(where) if at]
        return (group.whole for mark in marks if (group := self._by_place.get(mark)) is not None)

    def _note(self, alert: Alert, labels: Mapping[str, str], common: Hashable, group: Group) -> None:
        """Have an incident found by what one of its alerts says."""
        if common is not None:
            self._by_common[common] = group
            return
        about, where = subject(labels[METRIC]) or labels[RULE], place(labels)
        marks: list[object] = [(about, where), *(("within", about, at) for at in around(where) if at != where)]
        marks += [("any", where)] if where and all(value for _, value in where) else []
        for mark in marks:
            known = self._by_place.get(mark)
            if known is None or known.whole.has_ended(alert.fired_at):
                self._by_place[mark] = group

    def _settle(self, alert: Alert, group: Group) -> None:
        """Take up an alert of an incident from before."""
        labels = self._labels(alert)
        if self._policy and group.common is None:
            group.common = self._policy.group(labels)
        self._note(alert, labels, group.common, group)

    def _labels(self, alert: Alert) -> Mapping[str, str]:
        return labels_of(alert.key, alert.priority, self._rules.get(alert.key.rule))

    def _moving_with(self, alert: Alert) -> Group | None:
        if not alert.recent:
            return None
        candidates = [
            (group, group.series)
            for group in self._opened[-MOST_COMPARED:]
            if group.into is None and group.head is not None and group.series is not None and group.common is None
            if group.is_near(alert.fired_at) and self._step(group.head.key) == self._step(alert.key)
        ]
        best = most_alike(series(alert.recent), [values for _, values in candidates])
        return None if best is None else candidates[best][0]

    def _step(self, key: Key) -> timedelta | None:
        """Time from one value of an alert to the next: only series of equal steps can be laid over each other."""
        rule = self._rules.get(key.rule)
        return rule.window if rule else None

    def _near(self, mark: object, at: datetime) -> Iterator[Group]:
        groups = self._by_mark.get(mark, [])
        if any(group.into is not None or group.is_past(at) for group in groups):
            wholes = dict.fromkeys(group.whole for group in groups)
            groups[:] = [group for group in wholes if not group.is_past(at)]
        return (group for group in groups if group.is_near(at))

    def _index(self, key: Key, group: Group) -> None:
        if self._by_key.get(key) is group:
            return
        self._by_key[key] = group
        for mark in _marks(key):
            groups = self._by_mark[mark]
            if group not in groups:
                groups.append(group)


def _marks(key: Key) -> Iterator[object]:
    """What alerts can have in common: their rule, and values of labels; "(none)" is nothing to have in common."""
    yield key.rule
    yield from (label for label in key.labels if label[1] is not None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends; None is none yet."""
    return max(one, other) if one is not None and other is not None else None
