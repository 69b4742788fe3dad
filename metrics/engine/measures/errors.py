"""Errors over their life: opened by the first event of an `error_id`, resolved by the first that says so."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from metrics.catalog.model import ErrorCount, RepairTime
from metrics.engine.dimension_sql import filter_sql, select_groups, used_parameters
from metrics.engine.file_pruning import event_files
from metrics.engine.measures.step import KEY, Step
from metrics.engine.query import Window
from metrics.engine.scope import Scope
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import moment_sql, span_sql

_EVER = datetime(1970, 1, 1, tzinfo=UTC)

LIFE_COLUMNS = (
    "coalesce(error_id, event_id) AS identity, min(ts) AS opened, "
    "least(min(ts) FILTER (WHERE status = 'resolved'), min(resolved_at)) AS resolved"
)
"""Columns of an error's life, to be grouped by `identity`."""


def steps(measures: Sequence[ErrorCount], scope: Scope) -> Iterator[Step]:
    """One step for what was opened, one for what is pending."""
    scope.kinds_for(measures[0].name, ("error",))
    errors = event_files(scope.lake, "error", [Window(start=_EVER, end=scope.window.end)])
    counted = [measure for measure in measures if measure.counted != "pending"]
    pending = [measure for measure in measures if measure.counted == "pending"]
    if counted:
        yield _opened(counted, scope, errors)
    if pending:
        yield _pending(pending, scope, errors)


_STATISTICS = {"mean": "avg(minutes)", "median": "quantile_cont(minutes, 0.5)"}


def repairs(measures: Sequence[RepairTime], scope: Scope) -> Iterator[Step]:
    """How long the errors had been open that were resolved in a bucket, in minutes."""
    scope.kinds_for(measures[0].name, ("error",))
    errors = event_files(scope.lake, "error", [Window(start=_EVER, end=scope.window.end)])
    values = ", ".join(f'{_STATISTICS[measure.statistic]} AS "{measure.name}"' for measure in measures)
    groups = "".join(f", {group}" for group in scope.groups)
    text = (
        f"SELECT {KEY}{groups}, {values} FROM (SELECT {scope.buckets.key_sql('epoch_us(resolved)')} AS {KEY}"
        f"{select_groups(scope)}, (epoch_us(resolved) - epoch_us(opened)) / 6e7 AS minutes "
        f"FROM ({_life(scope, errors)}) AS errors WHERE {span_sql('resolved', [scope.window])}) AS repaired "
        "GROUP BY ALL"
    )
    yield Step(Statement(text, used_parameters(scope, text), (errors,)), "events")


def _life(scope: Scope, errors: Relation) -> str:
    """Errors with the severity and dimensions of their first event that gives one, those of the filters only."""
    names = dict.fromkeys((*scope.dimensions, "severity"))
    plain = [name for name in names if not name.startswith("attributes.")]
    first = "".join(f', arg_min("{name}", (ts, event_id)) AS "{name}"' for name in plain)
    attributes = ", arg_min(attributes, (ts, event_id)) AS attributes" if len(plain) < len(names) else ""
    return (
        f"SELECT * FROM (SELECT {LIFE_COLUMNS}{first}{attributes} FROM {errors.sql} "
        f"WHERE {span_sql('ts', [Window(start=_EVER, end=scope.window.end)])} GROUP BY identity) AS life "
        f"WHERE true{filter_sql(scope)}"
    )


def _opened(measures: Sequence[ErrorCount], scope: Scope, errors: Relation) -> Step:
    counts = ", ".join(f'count(*) FILTER (WHERE {_counted(m, scope)}) AS "{m.name}"' for m in measures)
    text = (
        f"SELECT {scope.buckets.key_sql('epoch_us(opened)')} AS {KEY}{select_groups(scope)}, {counts} "
        f"FROM ({_life(scope, errors)}) AS errors WHERE {span_sql('opened', [scope.window])} GROUP BY ALL"
    )
    return Step(Statement(text, used_parameters(scope, text), (errors,)), "events")


def _counted(measure: ErrorCount, scope: Scope) -> str:
    if measure.counted == "resolved":
        return f"resolved < {moment_sql(scope.window.end)}"
    return f"severity = '{measure.severity}'" if measure.severity else "true"


def _pending(measures: Sequence[ErrorCount], scope: Scope, errors: Relation) -> Step:
    buckets = scope.buckets.all
    names = ", ".join(f'count(*) AS "{measure.name}"' for measure in measures)
    text = (
        f"SELECT i.key AS {KEY}{select_groups(scope)}, {names} FROM ({_life(scope, errors)}) AS errors "
        "JOIN (SELECT unnest($keys) AS key, unnest($ends) AS until) AS i "
        "ON errors.opened < i.until AND (errors.resolved IS NULL OR errors.resolved >= i.until) GROUP BY ALL"
    )
    parameters = used_parameters(scope, text) | {
        "keys": [bucket.key for bucket in buckets],
        "ends": [min(bucket.end, scope.window.end) for bucket in buckets],
    }
    return Step(Statement(text, parameters, (errors,)), "events")
