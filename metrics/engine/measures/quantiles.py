"""Quantiles of durations: exact over few events, from log-scaled bins over many."""

from collections.abc import Iterator, Sequence
from functools import partial

from metrics.catalog.model import Quantile
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.dropped import gone
from metrics.engine.file_pruning import event_rows, filtered_event_files
from metrics.engine.measures import minutes
from metrics.engine.measures.bins import binned, from_bins
from metrics.engine.measures.past_bins import PastBins
from metrics.engine.measures.step import KEY, Step
from metrics.engine.rollup_selection import access_path, events_only
from metrics.engine.scope import Scope
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql


def steps(measures: Sequence[Quantile], scope: Scope) -> Iterator[Step]:
    """One step a column, and one more for what is taken of some of its events only."""
    for kind, column, rollup, is_of_some in dict.fromkeys(
        (m.kind, m.column, m.rollup, bool(m.where)) for m in measures
    ):
        wanted = [m for m in measures if (m.kind, m.column, bool(m.where)) == (kind, column, is_of_some)]
        scope.kinds_for(wanted[0].name, (kind,))
        path = access_path(scope, kind, rollup) if rollup else events_only(scope.window)
        is_whole = not gone(scope.lake.events(kind), [scope.window])
        few = is_whole and event_rows(scope.lake, kind, [scope.window]) <= scope.exact_up_to
        by_minute = minutes.step(wanted, scope) if not is_of_some and not few else None
        if by_minute:
            yield by_minute
        elif is_of_some or few or path.view is None:
            yield _exact(kind, wanted, scope)
        else:
            statement = binned(kind, column, rollup, scope, path.parts, path.edges)
            finish = partial(from_bins, measures=wanted, groups=scope.groups)
            months = PastBins(kind, column, rollup, tuple(wanted), scope, path)
            yield Step(statement, f"rollup {rollup}", finish, by_month=months)


def _exact(kind: str, measures: Sequence[Quantile], scope: Scope) -> Step:
    events = filtered_event_files(scope, kind, [scope.window])
    quantiles = ", ".join(
        f'quantile_cont({m.column}, {m.q}){f" FILTER (WHERE {m.where})" if m.where else ""} AS "{m.name}"'
        for m in measures
    )
    wheres = dict.fromkeys(m.where for m in measures)
    condition = "" if "" in wheres else f" AND ({' OR '.join(wheres)})"
    text = (
        f"SELECT {scope.buckets.key_sql('epoch_us(ts)')} AS {KEY}{select_groups(scope)}, {quantiles} "
        f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])}{condition}{filter_sql(scope)} "
        "GROUP BY ALL"
    )
    return Step(Statement(text, used_parameters(scope, text), (events,)), "events")
