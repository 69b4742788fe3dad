"""Questions of the live page that the live window cannot answer: what is longer ago."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app import answers
from app.source import source
from app.state import View
from metrics.engine.query import Query, Window

STORED_AFTER = timedelta(seconds=60)
"""What is older is in the lake for sure: it is there ten seconds after it was acknowledged."""
WIDTH_SECONDS = 5
"""Of a point of the live course that what is stored is continued with: it begins at one."""


@dataclass(frozen=True)
class Spent:
    """What today's calls cost until a moment; what came since is told live."""

    until: datetime
    usd: float | None
    """None is no call with a cost."""


def spent_today(view: View) -> Spent:
    """The cost from midnight, in the zone of the view, until a minute ago."""
    now = source().now()
    midnight = now.astimezone(view.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = int((now - STORED_AFTER).timestamp()) // WIDTH_SECONDS * WIDTH_SECONDS
    until = datetime.fromtimestamp(seconds, midnight.tzinfo)
    if until <= midnight or source().is_demo:
        return Spent(max(until, midnight), None)
    frame = answers.ask(Query(metrics=("cost",), window=Window(start=midnight, end=until))).frame
    return Spent(until, frame["cost"].to_list()[0] if frame.height else None)
