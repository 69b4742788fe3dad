"""Questions about the incidents of the past."""

from alerts import history
from alerts.history import Noise, Past, Times
from app.charts.axis import TimeAxis
from app.queries import alerting
from app.queries.asking import shown
from app.source import source
from app.state import View


def past(view: View) -> list[Past]:
    """Incidents that were open at some time of the range, the newest first."""
    window, opened = shown(view).window, alerting.store()
    if opened is None:
        return []
    with opened.reading() as book:
        return history.past(book, window.start, window.end, source().now())


def times(view: View) -> Times:
    """How long people took, over the incidents that began in the range."""
    start = shown(view).window.start
    return history.times(one.incident for one in past(view) if one.incident.opened_at >= start)


def noise(view: View) -> list[Noise]:
    """What each rule asked of people in the range, the noisiest first."""
    window, opened = shown(view).window, alerting.store()
    if opened is None:
        return []
    with opened.reading() as book:
        return history.noise(book, window.start, window.end, source().now())


def axis(view: View, on_dark: bool) -> TimeAxis:
    """The range as an axis."""
    return TimeAxis(shown(view).window, view.tz, on_dark=on_dark)
