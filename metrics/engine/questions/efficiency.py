"""What LLM calls cost for their tokens."""

from dataclasses import dataclass

import polars as pl

from metrics.engine.context import Context
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_rows, filtered_event_files, rollup_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.rollup_selection import access_path
from metrics.engine.statement import Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.lake.shapes import BINS, BUCKET, COSTS, LEAST_COST, MOST_TOKENS, ON_THE_EDGE, STEPS_A_DECADE

MOST_BINNED = 4_000_000
"""LLM calls that are put into bins; of more, a part."""
ROLLUP = "llm_call_efficiency"
"""The rollup that holds LLM calls by tokens and cost."""


@dataclass(frozen=True)
class Sampled:
    """A frame that may stand for more events than were looked at."""

    frame: pl.DataFrame
    one_in: int
    """Of how many events one was looked at, where none are counted already; counts are multiplied already."""


class Efficiency(Question[Sampled]):
    """LLM calls by tokens and cost: `provider`, `model`, `tokens`, `cost` (middles of log-scaled bins), `calls`."""

    window: Window
    filters: tuple[Filter, ...] = ()


def answer(context: Context, question: Efficiency) -> Sampled:
    """The most frequent first; of many calls that no rollup tells of, a part."""
    scope = context.scope_of(question.window, question.filters)
    scope.kinds_for("cost", ("llm_call",))
    path = access_path(scope, "llm_call", ROLLUP, fits=lambda view: {"provider", "model"} <= set(view.dimensions))
    selects: list[str] = []
    relations: list[Relation] = []
    if path.view and path.interior:
        stored = rollup_files(scope.lake, ROLLUP, path.view, path.interior)
        relations.append(stored)
        selects.append(
            f"SELECT provider, model, b.bin AS bin, b.n AS n FROM ("
            f"SELECT provider, model, unnest({BINS}) AS b FROM {stored.sql} "
            f"WHERE {span_sql(BUCKET, [path.interior])}{filter_sql(scope, view=path.view)}) AS binned"
        )
    one_in = max(1, round(event_rows(scope.lake, "llm_call", path.edges) / MOST_BINNED))
    if path.edges:
        events = filtered_event_files(scope, "llm_call", path.edges)
        relations.append(events)
        # Microseconds have nothing to do with tokens or cost.
        sampled = f" AND epoch_us(ts) % {one_in:d} = 0" if one_in > 1 else ""
        selects.append(
            f"SELECT provider, model, {_TOKENS_AND_COST} AS bin, count(*) * {one_in:d} AS n FROM {events.sql} "
            f"WHERE {span_sql('ts', path.edges)}{sampled} AND cost_usd > 0 AND {_TOKENS} > 0{filter_sql(scope)} "
            "GROUP BY ALL"
        )
    text = (
        "SELECT provider, model, CAST(bin AS BIGINT) AS bin, CAST(sum(n) AS BIGINT) AS calls "
        f"FROM ({' UNION ALL '.join(selects)}) AS binned GROUP BY ALL"
    )
    rows = context.rows(Statement(text, used_parameters(scope, text), tuple(relations)))
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
