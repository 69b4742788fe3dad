"""What the language models cost, what they will have cost, and what that is worth."""

from collections.abc import Iterator

from sqlglot import exp

from metrics.catalog.model import Additive, Metric, Projected, UserDays
from metrics.catalog.prompts import SUCCESSFUL
from metrics.catalog.usage import BY_PEOPLE
from metrics.settings import Money

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

CACHED_TOKENS = Additive("cached_input_tokens", "llm_call", "sum(cached_input_tokens)")
CACHE_SAVINGS = Additive("cache_savings", "llm_call", "sum(cache_savings_usd)")
PROMPT_COST = Additive("prompt_cost", "llm_call", "sum(cost_usd) FILTER (WHERE prompt_id IS NOT NULL)")
USER_DAYS = UserDays("user_days", BY_PEOPLE)
_BOUNDS = (("middle", "", ""), ("low", "_low", ", lower end"), ("high", "_high", ", upper end"))


def _projected(name: str, title: str, horizon: str, doc: str) -> Iterator[Metric]:
    for bound, suffix, words in _BOUNDS:
        measure = Projected(f"{name}{suffix}", COST, horizon, bound)  # pyright: ignore[reportArgumentType]
        reach = f"; {'lower' if bound == 'low' else 'upper'} end of the 80 % interval" if suffix else ""
        yield Metric(
            measure.name, f"{title}{words}", "USD", "down", f"{doc}{reach}.", measure.name, (measure,), decimals=2
        )


def _minutes_saved(money: Money) -> Additive:
    cases = "".join(
        f" WHEN {exp.Literal.string(feature).sql('duckdb')} THEN {float(minutes)!r}"
        for feature, minutes in money.minutes_saved.items()
    )
    default = f"{float(money.minutes_saved_default)!r}"
    minutes = f"CASE feature{cases} ELSE {default} END" if cases else default
    return Additive(
        "minutes_saved", "prompt", f"sum({minutes}) FILTER (WHERE action = 'executed' AND outcome = 'success')"
    )


def return_on_investment(money: Money) -> Iterator[Metric]:
    """What the work of the models saves, by the minutes and rates of the settings."""
    saved = _minutes_saved(money)
    rate = f"{float(money.hourly_rate_usd)!r}"
    yield Metric(
        "time_saved", "Time saved", "h", "up",
        "Successful prompt executions × the minutes that one of their feature saves (`money.minutes_saved`) ÷ 60.",
        f"{saved.name} / 6e1", (saved,),
    )  # fmt: skip
    yield Metric(
        "cost_saved", "Cost saved", "USD", "up",
        "Time saved × `money.hourly_rate_usd` − the cost of the LLM calls that executed prompts.",
        f"{saved.name} / 6e1 * {rate} - coalesce(prompt_cost, 0)", (saved, PROMPT_COST), decimals=2,
    )  # fmt: skip
    yield Metric(
        "productivity_gain", "Productivity gain", "%", "up",
        "100 × time saved ÷ (days of use, user by user × `money.working_hours_per_day`).",
        f"1e2 * {saved.name} / 6e1 / nullif(user_days * {float(money.working_hours_per_day)!r}, 0)", (saved, USER_DAYS),
        decimals=2,
    )  # fmt: skip


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
    Metric(
        "cached_input_tokens", "Cached input tokens", "tokens", "up",
        "Of the input: tokens read from a provider's cache.",
        "cached_input_tokens", (CACHED_TOKENS,), decimals=0,
    ),
    Metric(
        "cache_savings", "Cache savings", "USD", "up",
        "What the calls would have cost more without the provider's cache and the local one, as priced at their time.",
        "cache_savings", (CACHE_SAVINGS,), decimals=2,
    ),
    Metric(
        "cost_per_successful_prompt", "Cost per successful prompt", "USD", "down",
        "Cost of the LLM calls that executed prompts ÷ successful prompt executions.",
        "prompt_cost / nullif(prompts_successful, 0)", (PROMPT_COST, SUCCESSFUL), decimals=4,
    ),
    *_projected(
        "cost_projection", "Cost of the month", "month",
        "What the month in which the window ends will have cost by its end, from the days before and their weekdays",
    ),
    *_projected(
        "cost_next_30_days", "Cost of the next 30 days", "next_30_days",
        "What the 30 days after the window will cost, from the days before and their weekdays",
    ),
    *return_on_investment(Money()),
)  # fmt: skip
