"""What a board shows beside metrics: open errors, components, changes, values to filter by, a distribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from metrics.catalog.dimensions import ATTRIBUTE_PREFIX
from metrics.engine.database import rows_of
from metrics.engine.measures.errors import LIFE_COLUMNS
from metrics.engine.measures.uptime import CARRIED_MINUTES
from metrics.engine.narrowing import Narrowing
from metrics.engine.query import Window
from metrics.engine.scope import Scope, moment_sql, span_sql
from metrics.engine.statement import Relation, Statement
from metrics.lake.rollups import ROLLUPS
from metrics.lake.shapes import (
    BIN_ORIGIN_MS,
    BIN_RATIO,
    BINS,
    BUCKET,
    COSTS,
    LEAST_COST,
    MOST_TOKENS,
    ON_THE_EDGE,
    STEPS_A_DECADE,
    Counts,
)

DISTRIBUTIONS: Mapping[str, tuple[str, str, str]] = {
    "response_time": ("request", "duration_ms", "request_duration"),
    "llm_latency": ("llm_call", "duration_ms", "llm_call_duration"),
}
"""Kind, column and histogram rollup of each distribution."""
EMPTY_DISTRIBUTION = pl.DataFrame(schema={"lower": pl.Float64, "upper": pl.Float64, "count": pl.Int64})
MOST_BARS = 60
EMPTY_SCORES = pl.DataFrame(schema={"lower": pl.Float64, "upper": pl.Float64, "count": pl.Int64})
SCORE_WIDTH = 5
"""Points of a bin of quality scores."""
MOST_BINNED = 4_000_000
"""LLM calls that are put into bins; of more, a part."""
EFFICIENCY = "llm_call_efficiency"
"""The rollup that holds LLM calls by tokens and cost."""

_BADNESS = {"critical": 0, "error": 1, "warning": 2, "info": 3}
_ERROR_COLUMNS = ("severity", "error_type", "message", "endpoint", "component")


@dataclass(frozen=True)
class Sampled:
    """A frame that may stand for more events than were looked at."""

    frame: pl.DataFrame
    one_in: int
    """Of how many events one was looked at, where none are counted already; counts are multiplied already."""


def distribution(bins: pl.DataFrame) -> pl.DataFrame:
    """Merge `bin`, `n` into at most 60 bars: lower and upper edge in ms, count."""
    if bins.is_empty():
        return EMPTY_DISTRIBUTION
    lowest, highest = bins["bin"].cast(pl.Int64).min(), bins["bin"].cast(pl.Int64).max()
    if not isinstance(lowest, int) or not isinstance(highest, int):
        return EMPTY_DISTRIBUTION
    width = (highest - lowest) // MOST_BARS + 1
    bars = bins.group_by(((pl.col("bin").cast(pl.Int64) - lowest) // width).alias("bar")).agg(count=pl.col("n").sum())
    every = pl.DataFrame({"bar": range((highest - lowest) // width + 1)}, schema={"bar": pl.Int64})
    edge = BIN_ORIGIN_MS * pl.lit(BIN_RATIO).pow(pl.col("bar") * width + lowest - 1)
    return (
        every.join(bars, on="bar", how="left")
        .sort("bar")
        .select(lower=edge, upper=edge * BIN_RATIO**width, count=pl.col("count").fill_null(0))
    )


def values(kinds: Sequence[str], scope: Scope, limit: int) -> list[str | None]:
    """Values of the one dimension grouped by, the most frequent first."""
    selects, relations = [], []
    for kind in kinds:
        rollup = f"{kind}_counts"
        parts = scope.parts(kind, rollup) if rollup in ROLLUPS else None
        if parts and parts.view and parts.interior:
            stored = scope.rollup(rollup, parts.view, parts.interior)
            rollup_of = ROLLUPS[rollup].shape
            count = rollup_of.aggregates[0].name if isinstance(rollup_of, Counts) else "1"
            where = f"{span_sql(BUCKET, [parts.interior])}{scope.filter_sql(view=parts.view)}"
            groups = scope.select_groups(view=parts.view)
            selects.append(f'SELECT sum("{count}") AS n{groups} FROM {stored.sql} WHERE {where} GROUP BY ALL')
            relations.append(stored)
        edges = parts.edges if parts else (scope.window,)
        if edges:
            events = scope.events(kind, edges)
            where = f"{span_sql('ts', edges)}{scope.filter_sql()}"
            selects.append(f"SELECT count(*) AS n{scope.select_groups()} FROM {events.sql} WHERE {where} GROUP BY ALL")
            relations.append(events)
    text = (
        f"SELECT d0 FROM ({' UNION ALL '.join(selects)}) AS seen GROUP BY d0 ORDER BY sum(n) DESC, d0 LIMIT {limit:d}"
    )
    return rows_of(Statement(text, scope.used_parameters(text), tuple(relations)))["d0"].to_list()


def open_errors(scope: Scope, limit: int) -> pl.DataFrame:
    """Errors not resolved by the window's end, the most severe and newest first."""
    ever = Window(start=datetime(1970, 1, 1, tzinfo=UTC), end=scope.window.end)
    scope.kinds_for("open errors", ("error",))
    errors = scope.events("error", [ever])
    names = [name for name in scope.dimensions if name not in _ERROR_COLUMNS and not name.startswith(ATTRIBUTE_PREFIX)]
    first = ", ".join(f'arg_min("{name}", (ts, event_id)) AS "{name}"' for name in (*_ERROR_COLUMNS, *names))
    rank = " ".join(f"WHEN '{severity}' THEN {rank}" for severity, rank in _BADNESS.items())
    end = moment_sql(scope.window.end)
    text = (
        f"SELECT opened AS opened_at, {', '.join(_ERROR_COLUMNS)}, identity AS error_id, events "
        f"FROM (SELECT {LIFE_COLUMNS}, count(*) AS events, arg_min(attributes, (ts, event_id)) AS attributes, {first} "
        f"FROM {errors.sql} WHERE {span_sql('ts', [ever])} GROUP BY identity) AS life "
        f"WHERE (resolved IS NULL OR resolved >= {end}){scope.filter_sql()} "
        f"ORDER BY CASE severity {rank} ELSE 4 END, opened DESC LIMIT {limit:d}"
    )
    return rows_of(Statement(text, scope.used_parameters(text), (errors,)))


def component_status(scope: Scope) -> pl.DataFrame:
    """The last status of every component probed in the window, as of its end, and since when it has been so."""
    probes = scope.events("health", [scope.window])
    stale = moment_sql(scope.window.end - timedelta(minutes=CARRIED_MINUTES))
    text = f"""
        WITH probes AS (
            SELECT component, ts, event_id, status, response_time_ms,
                lag(status) OVER (PARTITION BY component ORDER BY ts, event_id) AS before
            FROM {probes.sql} WHERE {span_sql("ts", [scope.window])}
        ),
        latest AS (
            SELECT component, arg_max(status, (ts, event_id)) AS status, max(ts) AS last_probe,
                arg_max(response_time_ms, (ts, event_id)) AS response_time_ms,
                max(ts) FILTER (WHERE before IS DISTINCT FROM status) AS since
            FROM probes GROUP BY component
        )
        SELECT * FROM (SELECT component,
            CASE WHEN last_probe < {stale} THEN 'unknown' ELSE status END AS status,
            CASE WHEN last_probe < {stale} THEN last_probe + INTERVAL {CARRIED_MINUTES} MINUTE ELSE since END AS since,
            last_probe, response_time_ms
        FROM latest) AS components
        ORDER BY CASE status WHEN 'down' THEN 0 WHEN 'degraded' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END, component
    """
    return rows_of(Statement(text, {}, (probes,)))


def changes(scope: Scope) -> pl.DataFrame:
    """`change` events that touch the window, in order of time."""
    reach = Window(start=scope.window.start - timedelta(days=30), end=scope.window.end)
    events = scope.events("change", [reach])
    text = (
        f"SELECT ts, ended_at, change_type, name, severity, description FROM {events.sql} "
        f"WHERE {span_sql('ts', [reach])} AND coalesce(ended_at, ts) >= {moment_sql(scope.window.start)} ORDER BY ts"
    )
    return rows_of(Statement(text, {}, (events,)))


def scores(scope: Scope) -> pl.DataFrame:
    """Quality scores in bins of five points; 100 lies in the last."""
    if not scope.kinds_for("quality_mean", ("prompt",)):
        return EMPTY_SCORES
    events = scope.filtered_events("prompt", [scope.window])
    text = (
        f"SELECT least(floor(quality_score / {SCORE_WIDTH}), {100 // SCORE_WIDTH - 1}) AS bin, count(*) AS n "
        f"FROM {events.sql} WHERE {span_sql('ts', [scope.window])} AND quality_score IS NOT NULL{scope.filter_sql()} "
        "GROUP BY ALL"
    )
    counts = dict(rows_of(Statement(text, scope.used_parameters(text), (events,))).iter_rows())
    edges = range(0, 100, SCORE_WIDTH)
    found = [(float(edge), float(edge + SCORE_WIDTH), counts.get(edge / SCORE_WIDTH, 0)) for edge in edges]
    return pl.DataFrame(found if counts else [], schema=EMPTY_SCORES.schema, orient="row")


def comments(scope: Scope, limit: int) -> pl.DataFrame:
    """Feedback in words, the newest first."""
    scope.kinds_for("nps", ("feedback",))
    events = scope.events("feedback", [scope.window])
    text = (
        f"SELECT ts, sentiment, nps_score, csat_score, comment, feature, user_id FROM {events.sql} "
        f"WHERE {span_sql('ts', [scope.window])} AND trim(comment) <> ''{scope.filter_sql()} "
        f"ORDER BY ts DESC, event_id LIMIT {limit:d}"
    )
    return rows_of(Statement(text, scope.used_parameters(text), (events,)))


def efficiency(narrowing: Narrowing, scope: Scope) -> Sampled:
    """LLM calls in log-scaled bins of tokens and cost; of many calls that no rollup tells of, a part."""
    scope.kinds_for("cost", ("llm_call",))
    parts = scope.parts("llm_call", EFFICIENCY, fits=lambda view: {"provider", "model"} <= set(view.dimensions))
    selects: list[str] = []
    relations: list[Relation] = []
    if parts.view and parts.interior:
        stored = scope.rollup(EFFICIENCY, parts.view, parts.interior)
        relations.append(stored)
        selects.append(
            f"SELECT provider, model, b.bin AS bin, b.n AS n FROM ("
            f"SELECT provider, model, unnest({BINS}) AS b FROM {stored.sql} "
            f"WHERE {span_sql(BUCKET, [parts.interior])}{scope.filter_sql(view=parts.view)}) AS binned"
        )
    one_in = max(1, round(scope.event_rows("llm_call", parts.edges) / MOST_BINNED))
    if parts.edges:
        events = scope.filtered_events("llm_call", parts.edges)
        relations.append(events)
        # Microseconds have nothing to do with tokens or cost.
        sampled = f" AND epoch_us(ts) % {one_in:d} = 0" if one_in > 1 else ""
        selects.append(
            f"SELECT provider, model, {_TOKENS_AND_COST} AS bin, count(*) * {one_in:d} AS n FROM {events.sql} "
            f"WHERE {span_sql('ts', parts.edges)}{sampled} AND cost_usd > 0 AND {_TOKENS} > 0{scope.filter_sql()} "
            "GROUP BY ALL"
        )
    text = (
        "SELECT provider, model, CAST(bin AS BIGINT) AS bin, CAST(sum(n) AS BIGINT) AS calls "
        f"FROM ({' UNION ALL '.join(selects)}) AS binned GROUP BY ALL"
    )
    rows = rows_of(narrowing.over(Statement(text, scope.used_parameters(text), tuple(relations))))
    steps = {"tokens": pl.col("bin") // COSTS, "cost": pl.col("bin") % COSTS + LEAST_COST}
    middles = {name: pl.lit(10.0).pow((step + 0.5) / STEPS_A_DECADE) for name, step in steps.items()}
    points = rows.select("provider", "model", **middles, calls="calls")
    return Sampled(points.sort("calls", descending=True), one_in)


_TOKENS = "(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))"
_TOKENS_AND_COST = (
    " + ".join(
        f"{factor} * greatest({least}, least({most}, floor({STEPS_A_DECADE} * log10({value}) + {ON_THE_EDGE})))"
        for factor, value, least, most in (
            (COSTS, _TOKENS, 0, MOST_TOKENS),
            (1, "cost_usd", LEAST_COST, LEAST_COST + COSTS - 1),
        )
    )
    + f" - {LEAST_COST}"
)
"""`metrics.lake.shapes.tokens_and_cost`, in SQL."""
