"""Sums, counts and maxima: of a rollup's whole hours or days, plus the events at the window's edges."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from metrics.catalog.model import Additive
from metrics.engine.measures.step import KEY, Step
from metrics.engine.scope import Parts, Scope, span_sql
from metrics.engine.statement import Relation, Statement
from metrics.lake.rollups import ROLLUPS, rollups_of
from metrics.lake.shapes import BUCKET, Counts


def steps(measures: Sequence[Additive], scope: Scope) -> Iterator[Step]:
    """One step an event kind, and one more for what no rollup holds."""
    for kind in dict.fromkeys(measure.kind for measure in measures):
        wanted = [measure for measure in measures if measure.kind == kind]
        scope.kinds_for(wanted[0].name, (kind,))
        counts = {name: scope.parts(kind, name) for name in _counts_of(kind)}
        able = {name: parts for name, parts in counts.items() if parts.view}
        for name, alike in _by_rollup(wanted, able).items():
            yield _step(kind, alike, scope, able.get(name, Parts(None, None, (scope.window,))), name)


def _counts_of(kind: str) -> Iterator[str]:
    return (rollup.name for rollup in rollups_of(kind) if isinstance(rollup.shape, Counts))


def _by_rollup(measures: Sequence[Additive], rollups: Iterable[str]) -> Mapping[str, list[Additive]]:
    """Measures by the first of the rollups that holds them; under no name, what only events tell."""
    found: dict[str, list[Additive]] = {}
    for measure in measures:
        name = next((name for name in rollups if measure.name in ROLLUPS[name].schema), "")
        found.setdefault(name, []).append(measure)
    return found


def _step(kind: str, measures: Sequence[Additive], scope: Scope, parts: Parts, rollup: str) -> Step:
    selects: list[str] = []
    relations: list[Relation] = []
    if parts.view and parts.interior:
        stored = scope.rollup(rollup, parts.view, parts.interior)
        sums = ", ".join(f'{m.merge}("{m.name}") AS "{m.name}"' for m in measures)
        relations.append(stored)
        key = scope.buckets.key_sql(f"epoch_us({BUCKET})")
        selects.append(
            f"SELECT {key} AS {KEY}{scope.select_groups(view=parts.view)}, {sums} "
            f"FROM {stored.sql} WHERE {span_sql(BUCKET, [parts.interior])}{scope.filter_sql(view=parts.view)} "
            "GROUP BY ALL HAVING count(*) > 0"
        )
    if parts.edges:
        events = scope.filtered_events(kind, parts.edges)
        aggregates = ", ".join(f'{m.sql} AS "{m.name}"' for m in measures)
        relations.append(events)
        selects.append(
            f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{scope.select_groups()}, {aggregates} "
            f"FROM {events.sql} WHERE {span_sql('ts', parts.edges)}{scope.filter_sql()} "
            "GROUP BY ALL HAVING count(*) > 0"
        )
    text = selects[0] if len(selects) == 1 else _merged(selects, measures, scope)
    return Step(
        Statement(text, scope.used_parameters(text), tuple(relations)), f"rollup {rollup}" if parts.view else "events"
    )


def _merged(selects: Sequence[str], measures: Sequence[Additive], scope: Scope) -> str:
    keys = ", ".join((KEY, *scope.groups))
    sums = ", ".join(f'{m.merge}("{m.name}") AS "{m.name}"' for m in measures)
    return f"SELECT {keys}, {sums} FROM ({' UNION ALL '.join(selects)}) AS parts GROUP BY ALL HAVING count(*) > 0"
