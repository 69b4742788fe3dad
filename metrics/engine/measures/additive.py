"""Sums, counts and maxima: of a rollup's whole hours or days, plus the events at the window's edges."""

from collections.abc import Iterator, Sequence

from metrics.catalog.model import Additive
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files, rollup_files
from metrics.engine.measures.step import KEY, Step
from metrics.engine.rollup_selection import AccessPath, access_path, events_only
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.lake.rollups import Rollup, rollups_of
from metrics.lake.shapes import BUCKET, Counts


def steps(measures: Sequence[Additive], scope: Scope) -> Iterator[Step]:
    """One step an event kind and rollup, and one more for what no rollup holds."""
    for kind in dict.fromkeys(measure.kind for measure in measures):
        left = [measure for measure in measures if measure.kind == kind]
        scope.kinds_for(left[0].name, (kind,))
        for rollup in rollups_of(kind):
            held = [measure for measure in left if _holds(rollup, measure)]
            if held and (path := access_path(scope, kind, rollup.name)).view:
                yield _step(kind, held, scope, path, rollup.name)
                left = [measure for measure in left if measure not in held]
        if left:
            yield _step(kind, left, scope, events_only(scope.window))


def _holds(rollup: Rollup, measure: Additive) -> bool:
    return isinstance(rollup.shape, Counts) and measure.name in rollup.shape.columns


def _step(kind: str, measures: Sequence[Additive], scope: Scope, path: AccessPath, rollup: str = "") -> Step:
    selects: list[str] = []
    relations: list[Relation] = []
    for view, windows in path.parts:
        stored = rollup_files(scope.lake, rollup, view, *windows)
        sums = ", ".join(f'{m.aggregate}("{m.name}") AS "{m.name}"' for m in measures)
        relations.append(stored)
        key = scope.buckets.key_sql(f"epoch_us({BUCKET})")
        selects.append(
            f"SELECT {key} AS {KEY}{select_groups(scope, view=view)}, {sums} "
            f"FROM {stored.sql} WHERE {span_sql(BUCKET, windows)}{filter_sql(scope, view=view)} "
            "GROUP BY ALL HAVING count(*) > 0"
        )
    if path.edges:
        events = filtered_event_files(scope, kind, path.edges)
        aggregates = ", ".join(f'{m.sql} AS "{m.name}"' for m in measures)
        relations.append(events)
        selects.append(
            f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, {aggregates} "
            f"FROM {events.sql} WHERE {span_sql('ts', path.edges)}{filter_sql(scope)} "
            "GROUP BY ALL HAVING count(*) > 0"
        )
    text = selects[0] if len(selects) == 1 else _merged(selects, measures, scope)
    return Step(
        Statement(text, used_parameters(scope, text), tuple(relations)), f"rollup {rollup}" if path.view else "events"
    )


def _merged(selects: Sequence[str], measures: Sequence[Additive], scope: Scope) -> str:
    keys = ", ".join((KEY, *scope.groups))
    sums = ", ".join(f'{m.aggregate}("{m.name}") AS "{m.name}"' for m in measures)
    return f"SELECT {keys}, {sums} FROM ({' UNION ALL '.join(selects)}) AS parts GROUP BY ALL HAVING count(*) > 0"
