"""What the language models cost."""

from metrics.catalog.model import Additive, Metric

INPUT_TOKENS = Additive("input_tokens", "llm_call", "sum(input_tokens)")
OUTPUT_TOKENS = Additive("output_tokens", "llm_call", "sum(output_tokens)")
COST = Additive("cost", "llm_call", "sum(cost_usd)")
PRICED_CALLS = Additive("priced_calls", "llm_call", "count(cost_usd)")
UNPRICED_CALLS = Additive("unpriced_calls", "llm_call", "count(*) FILTER (WHERE cost_usd IS NULL)")
PRICED_TOKENS = Additive(
    "priced_tokens",
    "llm_call",
    "sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)) FILTER (WHERE cost_usd IS NOT NULL)",
)

METRICS = (
    Metric(
        "cost", "Cost", "USD", "down",
        "Sum of what the LLM calls cost: as reported, else priced at the time of the call. Calls that cannot be priced "
        "are counted in `unpriced_calls`.",
        # Nothing priced is no data, not a cost of 0.
        "CASE WHEN priced_calls > 0 THEN cost END", (COST, PRICED_CALLS), decimals=2,
    ),
    Metric(
        "unpriced_calls", "Unpriced calls", "calls", "down", "LLM calls without a cost: none reported, no price known.",
        "unpriced_calls", (UNPRICED_CALLS,), decimals=0,
    ),
    Metric(
        "cost_per_1k_tokens", "Cost per 1,000 tokens", "USD", "down",
        "Cost ÷ (input + output tokens) × 1,000, over the calls that have a cost.",
        "1e3 * cost / nullif(priced_tokens, 0)", (COST, PRICED_TOKENS), decimals=4,
    ),
    Metric(
        "tokens", "Tokens", "tokens", "neutral", "Input (cached ones included) and output tokens (reasoning included).",
        "CASE WHEN input_tokens IS NOT NULL OR output_tokens IS NOT NULL "
        "THEN coalesce(input_tokens, 0) + coalesce(output_tokens, 0) END",
        (INPUT_TOKENS, OUTPUT_TOKENS), decimals=0,
    ),
    Metric(
        "input_tokens", "Input tokens", "tokens", "neutral", "Tokens read, cached ones included.", "input_tokens",
        (INPUT_TOKENS,), decimals=0,
    ),
    Metric(
        "output_tokens", "Output tokens", "tokens", "neutral", "Tokens written, reasoning included.", "output_tokens",
        (OUTPUT_TOKENS,), decimals=0,
    ),
)  # fmt: skip
