"""What is told, as a value: every channel writes the same facts in its own form."""

from datetime import datetime

from alerts.incidents import NoticeKind
from alerts.rules import Priority
from metrics.engine.query import Value


class Place(Value):
    """One to three values of dimensions, and their part in the change."""

    values: tuple[tuple[str, str | None], ...]
    percent: float
    """At most 100."""


class Claim(Value):
    """A sentence about what explains it, and the chart that shows it."""

    text: str
    url: str = ""


class ChangeBefore(Value):
    """A `change` event shortly before the breach."""

    at: datetime
    change_type: str
    name: str
    description: str = ""


class AlertLine(Value):
    """One alert of the incident."""

    key: str
    """`error-rate-p0{endpoint=/chat}`."""
    name: str
    priority: Priority
    value_text: str
    """With its unit: `7.3 %`."""
    since: datetime
    firing: bool = True


class Picture(Value):
    """The series with its threshold."""

    start: datetime
    step_seconds: float
    values: tuple[float | None, ...]
    threshold: float | None = None
    unit: str = ""


class Message(Value):
    """One message to one target."""

    key: str
    """Deduplication key of this message."""
    incident: str
    """Id of the incident: the same for all messages about it."""
    kind: NoticeKind
    priority: Priority
    title: str
    """`Error rate above 5 %: 7.3 % on /api/v1/chat`."""
    rule: str
    metric: str = ""
    metric_title: str = ""
    value_title: str = ""
    """What the value is, which may be something made of the metric: `Cost, change against 7d earlier`."""
    value: float | None = None
    value_text: str = ""
    threshold_text: str = ""
    """`> 5 % for 5m`."""
    labels: tuple[tuple[str, str | None], ...] = ()
    since: datetime
    at: datetime
    """The instant it speaks of."""
    ended_at: datetime | None = None
    users_affected: int | None = None
    requests_affected: int | None = None
    """Events that the metric counts as bad; None where nothing says which are."""
    affected_title: str = "Requests affected"
    """What they are."""
    where: tuple[Place, ...] = ()
    """At most three, the likeliest first."""
    causes: tuple[Claim, ...] = ()
    """At most three: the likeliest place, what moved first, and what came for the first time just before."""
    changes: tuple[ChangeBefore, ...] = ()
    picture: Picture | None = None
    alerts: tuple[AlertLine, ...] = ()
    """The head first, at most ten."""
    alerts_total: int = 1
    dashboard_url: str = ""
    """Shows the same window and filters."""
    incident_url: str = ""
    trace_url: str = ""
    """The newest failing event whose trace is known, and all that happened within that trace."""
    runbook_url: str = ""
    description: str = ""
    """What the rule says to do first."""
    who: str = ""
    """Who acknowledged or resolved it."""
    note: str = ""
    """What else must be said: `late: seen after 12 min`, `repeated after 1 h`, `not acknowledged within 15m`."""
    own_title: str = ""
    """In a person's own words, in the place of the headline; one line."""
    own_body: str = ""
    """In a person's own words, in the place of the facts."""
    digest: tuple["Message", ...] = ()
    """The messages that a digest puts together."""
