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
    unpriced: float = 0
    """Calls whose cost is not known: it is in no sum, and is not 0."""


def spent_today(view: View) -> Spent:
    """The cost from midnight, in the zone of the view, until a minute ago."""
    now = source().now()
    midnight = now.astimezone(view.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = int((now - STORED_AFTER).timestamp()) // WIDTH_SECONDS * WIDTH_SECONDS
    until = datetime.fromtimestamp(seconds, midnight.tzinfo)
    if until <= midnight:
        return Spent(max(until, midnight), None)
    asked = Query(metrics=("cost", "unpriced_calls"), window=Window(start=midnight, end=until))
    rows = answers.ask(asked).frame.rows(named=True)
    return Spent(until, rows[0]["cost"], rows[0]["unpriced_calls"] or 0) if rows else Spent(until, None)
