"""What calls of language models cost, with what of it may have been for nothing."""

from collections.abc import Sequence

import polars as pl

from metrics.catalog import METRICS
from metrics.engine.bad_events import bad_events
from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.dimension_sql import filter_sql, used_parameters
from metrics.engine.file_pruning import event_files, filtered_event_files
from metrics.engine.query import Filter, Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql

FINGERPRINTS = (
    "prompt_fingerprint", "prompt_hash", "fingerprint", "gen_ai.input.messages", "gen_ai.prompt", "input.value",
    "ai.prompt.messages", "ai.prompt", "traceloop.entity.input", "llm.prompts", "langfuse.observation.input",
)  # fmt: skip
"""Attributes by which calls that asked the same are known: a hash of what was asked, or what was asked itself."""
LONG = 0.95
"""Quantile of the output of a feature's calls beyond which an answer is long."""
_GROUPS = ("provider", "model", "feature", "is_earlier")
_SCHEMA = {
    **dict.fromkeys(("provider", "model", "feature"), pl.String),
    "is_earlier": pl.Boolean,
    **dict.fromkeys(
        (
            "calls", "failed_calls", "fingerprinted_calls", "repeated_calls", "kept_calls", "lengths", "long_calls",
            "scores",
        ),
        pl.Int64,
    ),
    **dict.fromkeys(
        (
            "cost", "failed_cost", "repeated_cost", "kept_cost", "input_tokens", "cached_input_tokens",
            "cache_write_tokens", "output_tokens", "usual_tokens", "excess_tokens", "excess_cost",
            "earlier_excess_tokens", "quality_mean", "quality_deviation",
        ),
        pl.Float64,
    ),
}  # fmt: skip


class CallSpending(Question[pl.DataFrame]):
    """What calls cost by `provider`, `model` and `feature`, one row each; and whether it `is_earlier`.

    Counts: `calls`; of these `failed_calls`; `fingerprinted_calls`, of which it is known what they asked, and among
    them `repeated_calls`, which asked a model the same as an earlier one of that day (UTC) and did not fail; and
    `kept_calls`, the others. Sums: `cost`, `failed_cost`, `repeated_cost` and `kept_cost` (USD, of calls that have a
    price), and tokens of those kept. Of these, `lengths` say how long the answer was, 95 of 100 no longer than
    `usual_tokens`; `long_calls` are longer, by `excess_tokens` in all, which is `excess_cost` of their cost if output
    were all of it; `earlier_excess_tokens` are those beyond what was usual in the earlier window. `scores` prompts have
    a quality score, of which `quality_mean` and `quality_deviation` tell: those that such calls were made for, by
    `prompt_id`.
    """

    window: Window
    earlier: Window | None = None
    """Of which there are rows, too: a window that ends where `window` begins, or before."""
    filters: tuple[Filter, ...] = ()


def answer(context: Context, question: CallSpending) -> pl.DataFrame:
    """From the events of the windows; no row where there are none."""
    scope = context.scope_of(question.window, question.filters)
    if not scope.kinds_for("cost", ("llm_call",)):
        return pl.DataFrame(schema=_SCHEMA)
    windows = [scope.window, *([question.earlier] if question.earlier else [])]
    span, earlier = span_sql("ts", windows), f"NOT {span_sql('ts', [scope.window])} AS is_earlier"
    calls = filtered_event_files(scope, "llm_call", windows)
    prompts = event_files(scope.lake, "prompt", windows)
    failed = bad_events(METRICS["llm_error_rate"])
    names = ", ".join(f"attributes['{name}']" for name in FINGERPRINTS)
    asked = f"coalesce({names})"
    groups = ", ".join(_GROUPS)
    text = f"""
WITH called AS (
  SELECT provider, model, feature, {earlier}, prompt_id, cost_usd, input_tokens, cached_input_tokens,
    cache_write_tokens, output_tokens, coalesce({failed}, false) AS failed, {asked} AS asked,
    {asked} IS NOT NULL AND
    row_number() OVER (PARTITION BY date_trunc('day', ts), provider, model, {asked} ORDER BY ts) > 1 AS again
  FROM {calls.sql} WHERE {span}{filter_sql(scope)}
), usual AS (
  SELECT {groups}, count(output_tokens) AS lengths, quantile_cont(output_tokens, {LONG}) AS usual_tokens
  FROM called WHERE NOT failed AND NOT again GROUP BY {groups}
), measured AS (
  SELECT called.*, NOT failed AND NOT again AS kept, here.lengths, here.usual_tokens,
    before.usual_tokens AS earlier_tokens
  FROM called LEFT JOIN usual AS here ON {_alike("called", "here", _GROUPS)}
  LEFT JOIN usual AS before ON before.is_earlier AND {_alike("called", "before", _GROUPS[:-1])}
), paid AS (
  SELECT {groups}, count(*) AS calls, count(*) FILTER (WHERE failed) AS failed_calls,
    count(asked) AS fingerprinted_calls, count(*) FILTER (WHERE again AND NOT failed) AS repeated_calls,
    count(*) FILTER (WHERE kept) AS kept_calls, sum(cost_usd) AS cost,
    sum(cost_usd) FILTER (WHERE failed) AS failed_cost,
    sum(cost_usd) FILTER (WHERE again AND NOT failed) AS repeated_cost,
    sum(cost_usd) FILTER (WHERE kept) AS kept_cost,
    sum(input_tokens) FILTER (WHERE kept) AS input_tokens,
    sum(cached_input_tokens) FILTER (WHERE kept) AS cached_input_tokens,
    sum(cache_write_tokens) FILTER (WHERE kept) AS cache_write_tokens,
    sum(output_tokens) FILTER (WHERE kept) AS output_tokens,
    coalesce(any_value(lengths), 0) AS lengths, any_value(usual_tokens) AS usual_tokens,
    count(*) FILTER (WHERE kept AND output_tokens > usual_tokens) AS long_calls,
    sum(output_tokens - usual_tokens) FILTER (WHERE kept AND output_tokens > usual_tokens) AS excess_tokens,
    sum(cost_usd * (1 - usual_tokens / output_tokens)) FILTER (WHERE kept AND output_tokens > usual_tokens)
      AS excess_cost,
    sum(output_tokens - earlier_tokens) FILTER (WHERE kept AND output_tokens > earlier_tokens) AS earlier_excess_tokens
  FROM measured GROUP BY {groups}
), scored AS (
  SELECT prompt_id, avg(quality_score) AS score FROM {prompts.sql}
  WHERE {span} AND quality_score IS NOT NULL AND prompt_id IS NOT NULL GROUP BY prompt_id
), judged AS (
  SELECT {groups}, count(*) AS scores, avg(score) AS quality_mean, stddev_samp(score) AS quality_deviation
  FROM (SELECT DISTINCT {groups}, prompt_id FROM called) JOIN scored USING (prompt_id)
  GROUP BY {groups}
)
SELECT paid.*, coalesce(scores, 0) AS scores, quality_mean, quality_deviation FROM paid LEFT JOIN judged
ON {_alike("paid", "judged", _GROUPS)} ORDER BY cost DESC NULLS LAST, calls DESC"""
    found = rows_of(Statement(text, used_parameters(scope, text), (calls, prompts)))
    return found.select(pl.col(name).cast(dtype) for name, dtype in _SCHEMA.items())


def _alike(one: str, other: str, names: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in names)
