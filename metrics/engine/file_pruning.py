"""The data files that may hold what is asked about, and about how many rows of it: from the files' statistics alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from metrics.engine.dimension_sql import filter_sql
from metrics.engine.dropped import gone
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Month, Relation, columns_of
from metrics.lake.datafiles import DataFile
from metrics.lake.shapes import View
from metrics.lake.tables import Lake, Table


def event_files(lake: Lake, kind: str, windows: Sequence[Window]) -> Relation:
    """The event files of a kind that may hold events of the windows."""
    table = lake.events(kind)
    found, root = [file for file in table.snapshot.files if touches(file, windows)], str(table.root)
    return Relation(
        "events", kind, tuple(f"{root}/{file.path}" for file in found), columns_of(table.schema),
        rows=_rows(found, windows), gone=gone(table, windows), present=_door(table),
    )  # fmt: skip


def filtered_event_files(scope: Scope, kind: str, windows: Sequence[Window]) -> Relation:
    """`event_files`, for a statement that puts `filter_sql` on every one of the events."""
    passing = "" if scope.query.raw else filter_sql(scope)
    return replace(event_files(scope.lake, kind, windows), passing=passing)


def rollup_files(lake: Lake, name: str, view: View, *within: Window) -> Relation:
    """The files of one view of a rollup; of those known to hold other buckets than any window, none."""
    table, of_view = lake.rollup(name), view.name
    root = str(table.root)
    files = tuple(
        f"{root}/{file.path}"
        for file in table.snapshot.files
        if file.partition["view"] == of_view and (not within or touches(file, within))
    )
    return Relation("rollups", f"{name}/{of_view}", files, columns_of(table.schema), present=_door(table))


def months_of(files: Sequence[tuple[str, DataFile]], window: Window) -> tuple[Month, ...]:
    """The UTC months of which files, named by their paths, hold days of a window; none where a file does not say."""
    known = [(path, file.min_ts, file.max_ts) for path, file in files if file.min_ts and file.max_ts]
    if not known or len(known) < len(files):
        return ()
    first, last = min(start for _, start, _ in known), max(end for _, _, end in known)
    found = (
        Month(start, end, tuple(path for path, least, most in known if least < end and most >= start), end <= last)
        for start, end in pairwise(_months(max(first, window.start), min(last, window.end)))
    )
    return tuple(month for month in found if month.files)


def _months(first: datetime, last: datetime) -> Sequence[datetime]:
    """The beginnings of the UTC months from that of `first` to the one after `last`."""
    numbers = [moment.astimezone(UTC).year * 12 + moment.astimezone(UTC).month - 1 for moment in (first, last)]
    return [datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in range(numbers[0], numbers[1] + 2)]


def event_rows(lake: Lake, kind: str, windows: Sequence[Window]) -> float:
    """About how many events of the kind lie in the windows."""
    return _rows(lake.events(kind).snapshot.files, windows)


def rollup_bytes(lake: Lake, name: str, view: View, window: Window, row_length: timedelta) -> float:
    """About how many bytes of a view lie in the window; a row of it tells of `row_length`."""
    of_view = view.name
    files = (file for file in lake.rollup(name).snapshot.files if file.partition["view"] == of_view)
    return sum(file.size * _share(file, window, row_length) for file in files)


def touches(file: DataFile, windows: Sequence[Window]) -> bool:
    """Whether a file may hold rows of any of the windows."""
    if file.min_ts is None or file.max_ts is None:
        return True
    return any(file.min_ts < window.end and file.max_ts >= window.start for window in windows)


def _rows(files: Iterable[DataFile], windows: Sequence[Window]) -> float:
    return sum(file.rows * _share(file, window) for file in files for window in windows)


def _door(table: Table) -> Callable[[Sequence[str]], None] | None:
    """What has the files of a table where they can be read, should they not be."""
    return table.present if table.remote is not None else None


def _share(file: DataFile, window: Window, row_length: timedelta = timedelta()) -> float:
    """The part of the file's rows that lie in the window, were they spread evenly."""
    if file.min_ts is None or file.max_ts is None:
        return 1.0
    end = file.max_ts + max(row_length, timedelta(microseconds=1))
    covered = min(end, window.end) - max(file.min_ts, window.start)
    length = end - file.min_ts
    return min(max(covered / length, 0.0), 1.0)
