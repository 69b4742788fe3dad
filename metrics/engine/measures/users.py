"""Distinct users: of a bucket, by their first event, or at an instant."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl

from metrics.catalog.model import ConcurrentUsers, DistinctUsers, FirstSeenUsers
from metrics.engine.buckets import DAY, HOUR, Buckets, micros
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files, months_of, rollup_files
from metrics.engine.measures.step import KEY, Finish, Step
from metrics.engine.query import Window
from metrics.engine.rollup_selection import AccessPath, access_path, around, events_only
from metrics.engine.scope import Scope
from metrics.engine.statement import CUT_DAYS, CUT_KEYS, CUT_MASKS, Relation, Statement
from metrics.engine.time_sql import moment_sql, span_sql
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import BUCKET, FIRST, HOURS, USER, VIEW, View

BEFORE = -(2**62)
"""Key of everything before the window."""
CONCURRENT_SECONDS = 300


def distinct(measures: Sequence[DistinctUsers], scope: Scope) -> Iterator[Step]:
    """Distinct users a bucket."""
    for measure in measures:
        narrow = scope.without(measure.without)
        kinds = narrow.kinds_for(measure.name, measure.kinds)
        yield _distinct(measure.name, kinds, narrow, partial(_regrouped, scope=scope, narrow=narrow))


def first_seen(measures: Sequence[FirstSeenUsers], scope: Scope) -> Iterator[Step]:
    """Users by their first event ever: new in each bucket, or all up to its end."""
    for measure in measures:
        kinds = scope.kinds_for(measure.name, measure.kinds)
        ever = Window(start=datetime(1970, 1, 1, tzinfo=UTC), end=scope.window.end)
        selects, relations, source = _first_moments(kinds, scope, ever)
        grouped = ", ".join((USER, *scope.groups))
        key = scope.buckets.key_sql("epoch_us(first)")
        text = (
            f"SELECT CASE WHEN first >= {moment_sql(scope.window.start)} THEN {key} ELSE {BEFORE} END AS {KEY}"
            f'{"".join(f", {group}" for group in scope.groups)}, count(*) AS "{measure.name}" '
            f"FROM (SELECT {grouped}, min(first) AS first FROM ({' UNION ALL '.join(selects)}) AS seen "
            "GROUP BY ALL) AS users "
            f"WHERE first < {moment_sql(scope.window.end)} GROUP BY ALL"
        )
        finish = partial(_new if measure.counted == "new" else running_total, name=measure.name, scope=scope)
        yield Step(Statement(text, used_parameters(scope, text), tuple(relations)), source, finish)


def concurrent(measures: Sequence[ConcurrentUsers], scope: Scope) -> Iterator[Step]:
    """Distinct users in the five minutes before the end of each bucket."""
    ends = [min(bucket.end, scope.window.end) for bucket in scope.buckets.all]
    spans = [Window(start=end - timedelta(seconds=CONCURRENT_SECONDS), end=end) for end in ends]
    reach = Window(start=spans[0].start, end=spans[-1].end)
    for measure in measures:
        kinds = scope.kinds_for(measure.name, measure.kinds)
        relations = [filtered_event_files(scope, kind, spans) for kind in kinds]
        seen = " UNION ALL ".join(
            f"SELECT epoch_us(ts) AS at, {USER}{select_groups(scope)} FROM {relation.sql} "
            f"WHERE {span_sql('ts', [reach])} AND {USER} IS NOT NULL{filter_sql(scope)}"
            for relation in relations
        )
        text = (
            f"SELECT i.key AS {KEY}{''.join(f', {group}' for group in scope.groups)}, "
            f'count(DISTINCT {USER}) AS "{measure.name}" FROM ({seen or _nobody(scope)}) AS seen '
            "JOIN (SELECT unnest($keys) AS key, unnest($ends) AS until) AS i "
            f"ON seen.at < i.until AND seen.at >= i.until - {CONCURRENT_SECONDS * 1_000_000} GROUP BY ALL"
        )
        parameters = used_parameters(scope, text) | {
            "keys": [bucket.key for bucket in scope.buckets.all],
            "ends": [micros(end) for end in ends],
        }
        yield Step(Statement(text, parameters, tuple(relations)), "events")


def _distinct(name: str, kinds: Sequence[str], scope: Scope, finish: Finish) -> Step:
    users = seen(kinds, scope)
    keys = ", ".join((KEY, *scope.groups))
    text = (
        f'SELECT {keys}, count(DISTINCT {USER}) AS "{name}" FROM ({users.sql}) AS seen GROUP BY ALL HAVING count(*) > 0'
    )
    return Step(users.statement(text, scope), users.source, finish)


@dataclass(frozen=True)
class Seen:
    """Who was there: SQL for rows of the bucket's `t`, the groups and `user_id`, with repetitions."""

    sql: str
    relations: tuple[Relation, ...]
    parameters: Mapping[str, object]
    source: str
    is_of_one: bool = False
    """Whether the first of the relations tells of whole days of all of them, and events of the rest at most."""

    def statement(self, text: str, scope: Scope) -> Statement:
        """The statement of a text that holds `sql`."""
        return Statement(text, {**self.parameters, **used_parameters(scope, text)}, self.relations)


def seen(kinds: Sequence[str], scope: Scope) -> Seen:
    """Users with an event of any of the kinds, by bucket: from the rollups' days and hours where they know all."""
    selects: list[str] = []
    relations: list[Relation] = []
    parameters: dict[str, object] = {}
    paths = [*_by_path(kinds, lambda kind: _hours_path(kind, scope))]
    for place, (path, alike) in paths:
        if path.view and path.interior:
            days = around(path.interior, DAY)
            stored = _days_of(alike, path.view, scope, days, place)
            relations.append(stored)
            cut = _segments(scope.buckets, path.interior)
            segments = {_numbered(name, place): values for name, values in cut.items()}
            parameters |= segments
            day, mask, bucket = segments
            selects.append(
                f"SELECT s.key AS {KEY}{select_groups(scope, view=path.view, source='u')}, {_person('u')} AS {USER} "
                f"FROM {stored.sql} AS u JOIN (SELECT "
                f"unnest(${day}) AS day, unnest(${mask}) AS mask, unnest(${bucket}) AS key) AS s "
                f"ON epoch_us(u.{BUCKET}) = s.day AND (u.{HOURS} & s.mask) <> 0 "
                f"WHERE {span_sql(f'u.{BUCKET}', [days])}{filter_sql(scope, view=path.view, source='u')}"
            )
        for kind in alike if path.edges else ():
            events = filtered_event_files(scope, kind, path.edges)
            relations.append(events)
            key = scope.buckets.key_sql("epoch_us(ts)")
            selects.append(
                f"SELECT {key} AS {KEY}{select_groups(scope)}, {_person()} AS {USER} "
                f"FROM {events.sql} WHERE {span_sql('ts', path.edges)} AND {USER} IS NOT NULL{filter_sql(scope)}"
            )
    sql = " UNION ALL ".join(selects) or _nobody(scope)
    is_of_one = len(paths) == 1 and bool(parameters)
    return Seen(sql, tuple(relations), parameters, "rollup users" if parameters else "events", is_of_one)


def _person(source: str = "") -> str:
    """A user as a number: to tell numbers apart takes a fraction of what telling texts apart does."""
    return f"hash({source}.{USER})" if source else f"hash({USER})"


def _by_path(
    kinds: Sequence[str], path_of: Callable[[str], AccessPath]
) -> Iterator[tuple[int, tuple[AccessPath, Sequence[str]]]]:
    """Kinds by how they are answered, numbered: the days of those with one view are read as one table.

    Kinds whose rollups do not know the same days are apart: a home may have lost some of one.
    """
    found: dict[AccessPath, list[str]] = {}
    for kind in kinds:
        found.setdefault(path_of(kind), []).append(kind)
    return enumerate(found.items())


def _days_of(kinds: Sequence[str], view: View, scope: Scope, days: Window, place: int) -> Relation:
    """The users' days of several kinds in a window, each as often as kinds tell of it; `place`: among such tables."""
    tables = [rollup_files(scope.lake, f"{kind}_users", view, days) for kind in kinds]
    stored = [
        (str(table.root / file.path), file)
        for table in (scope.lake.rollup(f"{kind}_users") for kind in kinds)
        for file in table.snapshot.files
        if file.partition[VIEW] == view.name
    ]
    asked = {path for table in tables for path in table.files}
    return Relation(
        "rollups",
        _numbered(f"users/{view.name}", place),
        tuple(file for table in tables for file in table.files),
        tuple(column for column in tables[0].columns if all(column in table.columns for table in tables)),
        rows=sum(file.rows for path, file in stored if path in asked),
        merged_by=(BUCKET, *view.dimensions, USER),
        # A question by some dimension stands alone: to merge for it takes longer than to answer it.
        months=() if scope.query.by else months_of(stored, days),
        present=tables[0].present,
    )


def _numbered(name: str, place: int) -> str:
    """What is named so in a statement, and is not the first."""
    return f"{name}_{place + 1}" if place else name


def _hours_path(kind: str, scope: Scope) -> AccessPath:
    """Rows of a day know their hours: a day's view answers any span of whole hours."""
    return _days_path(kind, scope, scope.window) if scope.buckets.aligned_to(HOUR) else events_only(scope.window)


def _ever_path(kind: str, scope: Scope, ever: Window) -> AccessPath:
    """Rows of a day know the first moment of it: a day's view answers spans of any end, where it knows all days."""
    path = _days_path(kind, scope, around(ever, DAY))
    return path if not path.edges else events_only(ever)


def _days_path(kind: str, scope: Scope, window: Window) -> AccessPath:
    name = f"{kind}_users"
    if name not in ROLLUPS:
        return events_only(window)
    able = [view for view in ROLLUPS[name].views if set(scope.dimensions) <= set(view.dimensions)]
    # The same view of every kind, not the one that happens to be smallest: their days are merged together.
    fewest = min(able, key=lambda view: len(view.dimensions), default=None)
    by_hour = _ByHour(window, scope.buckets.grain, scope.buckets.tz)
    return access_path(scope.over(by_hour), kind, name, fits=lambda view: view == fewest)


class _ByHour(Buckets):
    """Buckets whose boundaries lie on hours: a view by day serves them, because its rows say which hours."""

    def aligned_to(self, seconds: int) -> bool:
        return True


def _segments(buckets: Buckets, interior: Window) -> dict[str, object]:
    """Every UTC day of `interior` cut at the buckets' boundaries: its start, the hours as bits, the bucket's key."""
    days: list[int] = []
    masks: list[int] = []
    keys: list[int] = []
    for bucket in buckets.all:
        start, end = max(bucket.start, interior.start), min(bucket.end, interior.end)
        while start < end:
            midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
            stop = min(end, midnight + timedelta(days=1))
            first = (start - midnight) // timedelta(hours=1)
            last = (stop - midnight) // timedelta(hours=1)
            days.append(micros(midnight))
            masks.append((1 << last) - (1 << first))
            keys.append(bucket.key)
            start = stop
    return {CUT_DAYS: days, CUT_MASKS: masks, CUT_KEYS: keys}


def _first_moments(kinds: Sequence[str], scope: Scope, ever: Window) -> tuple[list[str], list[Relation], str]:
    selects: list[str] = []
    relations: list[Relation] = []
    rolled = False
    for place, (path, alike) in _by_path(kinds, lambda kind: _ever_path(kind, scope, ever)):
        if view := path.view:
            rolled = True
            found = [_days_of(alike, view, scope, ever, place)]
            what = f"{FIRST} AS first, {_person()} AS {USER}{select_groups(scope, view=view)}"
            where = f"{span_sql(FIRST, [ever])}{filter_sql(scope, view=view)}"
        else:
            found = [filtered_event_files(scope, kind, [ever]) for kind in alike]
            what = f"ts AS first, {_person()} AS {USER}{select_groups(scope)}"
            where = f"{span_sql('ts', [ever])}{filter_sql(scope)}"
        relations += found
        selects += [f"SELECT {what} FROM {one.sql} WHERE {where} AND {USER} IS NOT NULL" for one in found]
    if not selects:
        empty = "".join(f", CAST(NULL AS VARCHAR) AS {group}" for group in scope.groups)
        selects.append(f"SELECT CAST(NULL AS TIMESTAMPTZ) AS first, hash('') AS {USER}{empty} WHERE false")
    return selects, relations, "rollup users" if rolled else "events"


def _new(rows: pl.DataFrame, *, name: str, scope: Scope) -> pl.DataFrame:
    del name, scope
    return rows.filter(pl.col(KEY) != BEFORE)


def running_total(rows: pl.DataFrame, *, name: str, scope: Scope) -> pl.DataFrame:
    """What was counted in or before each bucket (`BEFORE` stands for what lies before the window)."""
    groups = list(scope.groups)
    keys = pl.DataFrame({KEY: [BEFORE, *(bucket.key for bucket in scope.buckets.all)]}, schema={KEY: pl.Int64})
    grid = rows.select(groups).unique().join(keys, how="cross") if groups else keys
    counted = grid.join(rows, on=[KEY, *groups], how="left", nulls_equal=True).sort(KEY)
    total = pl.col(name).fill_null(0).cum_sum()
    totals = counted.with_columns(total.over(groups) if groups else total)
    return totals.filter((pl.col(KEY) != BEFORE) & (pl.col(name) > 0))


def _regrouped(rows: pl.DataFrame, *, scope: Scope, narrow: Scope) -> pl.DataFrame:
    """Groups under the names they have in the whole question."""
    place = {name: group for group, name in zip(scope.groups, scope.query.by, strict=True)}
    return rows.rename({group: place[name] for group, name in zip(narrow.groups, narrow.query.by, strict=True)})


def _nobody(scope: Scope) -> str:
    groups = "".join(f", CAST(NULL AS VARCHAR) AS {group}" for group in scope.groups)
    return f"SELECT CAST(0 AS BIGINT) AS {KEY}, CAST(0 AS BIGINT) AS at{groups}, hash('') AS {USER} WHERE false"
