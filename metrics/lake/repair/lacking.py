"""Days that a rollup does not know because it was lost and made anew: readers take those from events.

A rollup is made with the first events of its kind. One that is not there although events are was lost (or the home is
older than it): it is made again, with a list beside it of the days whose events it has not seen. Upkeep puts them in.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from metrics.lake.remote.lake import NOTES
from metrics.lake.rollups import ROLLUPS
from metrics.lake.tables import Lake, Table
from metrics.lake.upkeep.closed import rows_by_day

_LIST = NOTES["rollups"]


def lacking(table: Table) -> frozenset[str]:
    """The days (UTC, ISO) that a rollup does not know; what is not readable lacks none."""
    try:
        return frozenset(json.loads((table.root / _LIST).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return frozenset()


def lack(table: Table, days: Iterable[str]) -> None:
    """Have it known that a rollup does not know these days, either."""
    table.root.mkdir(parents=True, exist_ok=True)
    _write(table.root / _LIST, lacking(table) | {*days})
    table.noted()


def knows(table: Table, day: str) -> None:
    """Have it known that a rollup now knows a day."""
    left = lacking(table) - {day}
    if left:
        _write(table.root / _LIST, left)
    else:
        (table.root / _LIST).unlink(missing_ok=True)
    table.noted()


def lost(lake: Lake) -> dict[str, Table]:
    """Rollups by name that are not there although events of their kind are."""
    return {
        name: table
        for name, rollup in ROLLUPS.items()
        if (table := lake.rollup(name)).version_text == "-1" and lake.events(rollup.kind).snapshot.files
        # What came with its witness is found out by that.
        if rollup.witness == "" or lake.rollup(rollup.witness).version >= 0
    }


def make_anew(lake: Lake) -> list[str]:
    """Make rollups that were lost, without a day; their names."""
    missing = lost(lake)
    for name, table in missing.items():
        lack(table, rows_by_day(lake.events(ROLLUPS[name].kind)))
        table.create()
    return [*missing]


def _write(path: Path, days: Iterable[str]) -> None:
    scratch = path.with_suffix(".writing")
    scratch.write_text(json.dumps(sorted(days)), encoding="utf-8")
    scratch.replace(path)
