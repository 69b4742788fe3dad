"""Which view of a rollup answers a question with the least to read, and what is left to events.

A view answers whole units of its width (minutes, hours, days), as far as it knows all events of them; events answer
the rest. Of the hours that a view answers, whole days are read from the view that holds their sums, where there is one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from metrics.catalog.model import counter_of
from metrics.engine.buckets import DAY, HOUR, MINUTE
from metrics.engine.coverage import days_apart, holds_rest, is_covered, known_stretches, stretches_but
from metrics.engine.dropped import gone, is_gone, seconds
from metrics.engine.file_pruning import event_rows, rollup_bytes, rollup_files
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.time_sql import span_sql
from metrics.lake.repair.lacking import lacking
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BUCKET, View
from metrics.lake.upkeep.closed import rows_by_day

SECONDS_OF_UNIT = {"minute": MINUTE, "hour": HOUR, "day": DAY}
_AN_HOUR = timedelta(seconds=HOUR)
_BYTES_PER_EVENT = 20.0
"""What reading an event costs, in bytes of a rollup."""


Parts = tuple[tuple[View, tuple[Window, ...]], ...]
"""Views of a rollup, and what each answers."""


@dataclass(frozen=True)
class AccessPath:
    """How a window is read: a rollup's view over its whole units, events over what is left at the edges."""

    view: View | None
    interior: Window | None
    """What the view answers; None when events answer all."""
    edges: tuple[Window, ...]
    """What events answer."""
    days: tuple[Window, ...] = ()
    """Whole days within the interior that are read as the sums of their hours."""

    @property
    def parts(self) -> Parts:
        """What is read of the rollup: the views, and what each answers of the interior."""
        if self.view is None or self.interior is None:
            return ()
        moments = [self.interior.start, *(at for day in self.days for at in (day.start, day.end)), self.interior.end]
        pairs = zip(moments[::2], moments[1::2], strict=True)
        rest = tuple(Window(start=start, end=end) for start, end in pairs if start < end)
        parts = ((View("day", self.view.dimensions), self.days), (self.view, rest))
        return tuple((view, windows) for view, windows in parts if windows)


def events_only(window: Window) -> AccessPath:
    """All is read from events."""
    return AccessPath(None, None, (window,))


def access_path(scope: Scope, kind: str, rollup: str, *, fits: Callable[[View], bool] = lambda _: True) -> AccessPath:
    """The cheapest way to read a view of `rollup` that fits, or events alone when no view can answer."""
    if scope.query.raw:
        return events_only(scope.window)
    known = {unit: _known(scope, kind, rollup, unit) for unit in _widths(rollup)}
    # Once for all views: to look through the days of years takes as long as to read them.
    days = _days(scope, kind, hours) if (hours := known.get(HOUR)) and ROLLUPS[rollup].sums else ()
    candidates = [
        AccessPath(view, interior, _edges(scope, kind, interior), days if _has_days(rollup, view) else ())
        for view in ROLLUPS[rollup].views
        if set(scope.dimensions) <= set(view.dimensions)
        and view not in ROLLUPS[rollup].sums
        and fits(view)
        and scope.buckets.aligned_to(SECONDS_OF_UNIT[view.unit])
        and (interior := known[SECONDS_OF_UNIT[view.unit]]) is not None
    ]
    events = scope.lake.events(kind)
    ranked = sorted(candidates, key=lambda path: (seconds(gone(events, path.edges)), _cost(scope, kind, rollup, path)))
    return next((path for path in ranked if _is_known(scope, kind, rollup, path)), events_only(scope.window))


def _cost(scope: Scope, kind: str, rollup: str, path: AccessPath) -> float:
    # Few days may be larger as files than their hours are: which view is taken must not depend on that.
    stored = min(_bytes(scope, rollup, path), _bytes(scope, rollup, replace(path, days=())))
    return stored + _BYTES_PER_EVENT * event_rows(scope.lake, kind, path.edges)


def _bytes(scope: Scope, rollup: str, path: AccessPath) -> float:
    return sum(
        rollup_bytes(scope.lake, rollup, view, window, timedelta(seconds=SECONDS_OF_UNIT[view.unit]))
        for view, windows in path.parts
        for window in windows
    )


def _known(scope: Scope, kind: str, rollup: str, unit: int) -> Window | None:
    """The whole units of the window, as far as the rollup knows them; `unit` in seconds."""
    units, events, table = whole_units(scope.window, unit), scope.lake.events(kind), scope.lake.rollup(rollup)
    if units is None or (table.version < 0 and events.snapshot.files):
        return None
    unknown, witness = lacking(table), ROLLUPS[rollup].witness
    if witness:
        counts = rollup_files(scope.lake, witness, ROLLUPS[witness].views[0])
        found = known_stretches(rows_by_day(events), counts, counter_of(kind).name, units, unknown)
    elif unknown:
        found = stretches_but(rows_by_day(events), units, unknown)
    else:
        return units
    most = max(found, key=lambda known: (known.events, known.window.length), default=None)
    return whole_units(most.window, unit) if most and most.events else None


def _is_known(scope: Scope, kind: str, rollup: str, path: AccessPath) -> bool:
    """Whether the view holds all of the interior, every value by itself, and that is worth finding out."""
    if path.view is None or path.interior is None:
        return True
    named = scope.dimensions
    read = (rollup_files(scope.lake, rollup, view, *windows) for view, windows in path.parts)
    if named and any(holds_rest(files, named) for files in read):
        return False
    if path.view.unit != "minute":
        return True
    is_few = event_rows(scope.lake, kind, [path.interior]) <= scope.minutes_from
    if is_few and not gone(scope.lake.events(kind), [path.interior]):
        return False
    counts, counter = f"{kind}_counts", counter_of(kind).name
    hours = around(path.interior, HOUR)
    minutes, whole = (rollup_files(scope.lake, counts, View(unit), hours) for unit in ("minute", "hour"))
    return is_covered(minutes, whole, counter, span_sql(BUCKET, [hours]))


def _has_days(rollup: str, view: View) -> bool:
    """Whether whole days of the view are known by their sums, too."""
    return view.unit == "hour" and View("day", view.dimensions) in ROLLUPS[rollup].sums


def _days(scope: Scope, kind: str, interior: Window) -> tuple[Window, ...]:
    """The whole days of the interior that lie in one bucket each and whose sums are known, put together."""
    counts, counter = f"{kind}_counts", counter_of(kind).name
    by_day, by_hour = (rollup_files(scope.lake, counts, View(unit)) for unit in ("day", "hour"))
    whole = whole_units(interior, DAY)
    cut = scope.buckets.cut_days
    if whole is None or cut is None or not by_day.files:
        return ()
    left_out = days_apart(by_day, by_hour, counter) | cut
    return tuple(one.window for one in stretches_but(rows_by_day(scope.lake.events(kind)), whole, left_out))


def _edges(scope: Scope, kind: str, interior: Window) -> tuple[Window, ...]:
    edges: list[Window] = []
    if scope.window.start < interior.start:
        edges.append(Window(start=scope.window.start, end=interior.start))
    if interior.end < scope.window.end:
        edges.append(Window(start=interior.end, end=scope.window.end))
    # Of a closed day an hour is known as a whole or not at all: a window that cuts it has the whole hours within.
    events = scope.lake.events(kind)
    return tuple(edge for edge in edges if edge.length >= _AN_HOUR or not is_gone(events, edge))


def _widths(rollup: str) -> set[int]:
    return {SECONDS_OF_UNIT[view.unit] for view in ROLLUPS[rollup].views}


def whole_units(window: Window, unit: int) -> Window | None:
    """The whole units of the window (`unit` in seconds); None where it has none."""
    start, end = window.start.timestamp(), window.end.timestamp()
    first, last = -(-start // unit) * unit, end // unit * unit
    if first >= last:
        return None
    return Window(start=datetime.fromtimestamp(first, UTC), end=datetime.fromtimestamp(last, UTC))


def around(window: Window, unit: int) -> Window:
    """The window, made longer to whole units."""
    start, end = window.start.timestamp() // unit * unit, -(-window.end.timestamp() // unit) * unit
    return Window(start=datetime.fromtimestamp(start, UTC), end=datetime.fromtimestamp(end, UTC))
