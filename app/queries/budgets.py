"""Questions about budgets: each compares its own calls with its own amount, whatever the page is filtered by."""

from dataclasses import dataclass
from datetime import date, timedelta

from app import answers
from app.queries.asking import until_now
from app.source import source
from app.state import View
from metrics.budgets import Level, Standing, budgets_of, standings
from metrics.zones import zone


@dataclass(frozen=True)
class Board:
    """All budgets as of the end of a range."""

    standings: tuple[Standing, ...]
    """Those that stand worst first."""
    until: date
    """The day, in the zone of the settings, up to which they are told."""
    timezone: str
    remarks: tuple[str, ...] = ()
    """What of `budgets.yaml` and the settings does not count, and why."""

    @property
    def in_danger(self) -> int:
        """How many are exceeded, or will be."""
        return sum(one.level >= Level.THREATENED for one in self.standings)


def board(view: View) -> Board:
    """Every budget in the month, week or day in which the range ends, up to there, but not beyond now."""
    settings = source().settings
    found = budgets_of(settings)
    until = until_now(view)
    remarks = (*found.remarks, *map(str, found.problems))
    standing = tuple(standings(found.budgets, answers.ask, until, settings.timezone))
    last = (until - timedelta(microseconds=1)).astimezone(zone(settings.timezone)).date()
    return Board(standing, last, settings.timezone, remarks)
