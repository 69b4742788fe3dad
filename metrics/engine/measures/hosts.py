"""Gauges: the last sample of each host in a bucket, put together over hosts."""

from collections.abc import Iterator, Sequence

from metrics.catalog.model import LastSample
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import filtered_event_files
from metrics.engine.measures.step import KEY, Step
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql


def steps(measures: Sequence[LastSample], scope: Scope) -> Iterator[Step]:
    """One step for all gauges: they read the same samples."""
    kind = measures[0].kind
    scope.kinds_for(measures[0].name, (kind,))
    samples = filtered_event_files(scope, kind, [scope.window])
    last = ", ".join(f'arg_max({m.sql}, ts) FILTER (WHERE {m.sql} IS NOT NULL) AS "{m.name}"' for m in measures)
    over = ", ".join(f'{m.over_hosts}("{m.name}") AS "{m.name}"' for m in measures)
    keys = ", ".join((KEY, *scope.groups))
    text = (
        f"SELECT {keys}, {over} FROM (SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, "
        f"host AS sampled_host, {last} FROM {samples.sql} WHERE {span_sql('ts', [scope.window])}{filter_sql(scope)} "
        "GROUP BY ALL) AS hosts GROUP BY ALL HAVING count(*) > 0"
    )
    yield Step(Statement(text, used_parameters(scope, text), (samples,)), "events")
