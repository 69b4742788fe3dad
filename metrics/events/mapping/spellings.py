"""Under which names vendors, SDKs, gateways and tracers report tokens: one table, for every adapter and our own form.

A name is what stands in a call's `usage` object, or in a table flat beside the other columns. It is looked for as it
stands here, below each of the places in which usage objects are found, and with underscores for the dots between
(`usage_prompt_tokens`): names are compared without case. The first that a row has counts.
"""

from collections.abc import Iterable, Mapping

PLAIN: Mapping[str, tuple[str, ...]] = {
    "input_tokens": (
        "prompt_tokens", "tokens_in", "context_tokens", "contexttokens", "inputtokens", "prompttokens",
        "num_input_tokens", "num_prompt_tokens", "n_prompt_tokens", "input_token_count", "inputtokencount",
        "prompt_token_count",
        "prompttokencount", "prompt_eval_count", "total_input_tokens", "native_tokens_prompt", "tokens_prompt",
        "input_tokens_count", "prompt_tokens_total", "promptunits", "prompt_cache_miss_tokens", "uncached_input_tokens",
    ),
    "cached_input_tokens": (
        "cache_read_tokens", "cached_tokens", "cache_read_input_tokens", "input_cached_tokens", "cached_prompt_tokens",
        "prompt_tokens_cached", "input_tokens_cached", "prompt_cache_hit_tokens", "cached_content_token_count",
        "cachedcontenttokencount", "cachedinputtokens", "cachedtokens", "cachedprompttokens", "cachereadtokens",
        "cachereadinputtokens", "cachereadinputtokencount", "cachereadinputtokenscount", "cache_read_input_token_count",
        "cached_input_token_count", "cached_input_tokens_count", "cache_hit_tokens", "num_cached_tokens",
        "num_cached_input_tokens", "num_cached_prompt_tokens", "native_tokens_cached", "tokens_cached",
        "prompt_cached_tokens", "prompt_cache_read_tokens", "prompt_tokens_cache_read", "input_cache_read",
        "input_cached", "input_cached_token_count", "cache_read_token_count", "total_cached_tokens",
        "total_cache_read_input_tokens", "cached_token_count", "cachedtokencount", "cachehittokens",
        "promptcachehittokens",
    ),
    "cache_write_tokens": (
        "cache_creation_tokens", "cache_creation_input_tokens", "cachewritetokens", "cachewriteinputtokens",
        "cachewriteinputtokencount", "cachewriteinputtokenscount", "cachecreationinputtokens", "cachecreationtokens",
        "cache_write_input_tokens", "cache_write_input_token_count", "prompt_cache_write_tokens",
        "prompt_tokens_cache_write", "prompt_cache_creation_tokens", "input_cache_creation", "input_cache_write",
        "total_cache_creation_input_tokens", "native_tokens_cache_write", "cachewritetokencount",
    ),
    "output_tokens": (
        "completion_tokens", "tokens_out", "generated_tokens", "generatedtokens", "outputtokens", "completiontokens",
        "num_output_tokens", "num_completion_tokens", "num_generated_tokens", "n_completion_tokens",
        "output_token_count", "outputtokencount", "candidates_token_count", "candidatestokencount", "eval_count",
        "total_output_tokens", "native_tokens_completion", "tokens_completion", "output_tokens_count",
        "completion_token_count",
    ),
    "reasoning_tokens": (
        "reasoningtokens", "thoughts_token_count", "thoughtstokencount", "output_reasoning_tokens", "output_reasoning",
        "native_tokens_reasoning", "completion_tokens_reasoning", "reasoning_output_tokens", "thinking_tokens",
        "tokens_reasoning", "reasoning_token_count", "completion_reasoning_tokens", "total_reasoning_tokens",
    ),
}  # fmt: skip
"""By our column, the names that stand for themselves, lower case."""
WITHIN: Mapping[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens.total", "inputtokens.total", "prompt", "input"),
    "cached_input_tokens": (
        "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "input_tokens.cached",
        "input_token_details.cache_read", "prompt_token_details.cache_read", "prompt_tokens_details.cache_read",
        "input_token_details.cached_tokens", "prompt_token_details.cached_tokens", "input_tokens_details.cache_read",
        "prompttokensdetails.cachedtokens", "inputtokensdetails.cachedtokens", "inputtokendetails.cachereadtokens",
        "inputtokendetails.cachedtokens", "input_tokens.cache_read", "inputtokens.cacheread", "cache_read.input_tokens",
        "cache_read.tokens", "prompt_details.cache_read", "input_details.cache_read", "prompt_details.cached_tokens",
        "prompt_tokens_details.cache_read_tokens", "input_tokens_details.cache_read_tokens", "prompt_tokens.cached",
        "prompt_tokens_details.cache_read_input_tokens", "input_tokens_details.cache_read_input_tokens",
        "input_token_details.cache_read_input_tokens", "cache.read", "cacheread",
    ),
    "cache_write_tokens": (
        "cache_creation.input_tokens", "input_token_details.cache_creation", "prompt_token_details.cache_creation",
        "prompt_tokens_details.cache_creation_tokens", "prompt_tokens_details.cache_write_tokens",
        "prompt_tokens_details.cache_write", "prompt_tokens_details.cache_creation_input_tokens",
        "input_tokens_details.cache_creation_tokens", "input_tokens_details.cache_write_tokens",
        "input_tokens_details.cache_creation_input_tokens", "prompt_details.cache_write",
        "prompt_details.cache_creation", "input_details.cache_write", "inputtokendetails.cachewritetokens",
        "inputtokens.cachewrite", "input_tokens.cache_write", "input_tokens.cache_creation",
        "cache_write.input_tokens", "cache.write", "cachewrite",
    ),
    "output_tokens": ("output_tokens.total", "outputtokens.total", "completion", "output"),
    "reasoning_tokens": (
        "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens",
        "output_token_details.reasoning", "completion_token_details.reasoning", "output_tokens.reasoning",
        "outputtokendetails.reasoningtokens", "outputtokens.reasoning", "completiontokensdetails.reasoningtokens",
        "completion_details.reasoning", "output_details.reasoning", "reasoning.output_tokens",
        "output_token_details.reasoning_tokens", "outputtokensdetails.reasoningtokens", "reasoning",
    ),
}  # fmt: skip
"""The same, for names of several parts: an object within the usage object."""
PLACES = (
    "usage", "response.usage", "message.usage", "response.body.usage", "body.usage", "data.usage", "output.usage",
    "result.usage", "usage_metadata", "usagemetadata", "response.usage_metadata", "response.usagemetadata",
    "message.usage_metadata", "output.usage_metadata", "response_metadata.token_usage", "response_metadata.usage",
    "llm_output.token_usage", "token_usage", "tokenusage", "tokens", "metrics", "gen_ai.usage", "gen_ai.usage.details",
    "llm.usage", "llm.token_count", "ai.usage", "usage_details", "usagedetails", "langfuse.observation.usage_details",
    "mlflow.chat.tokenusage",
)  # fmt: skip
"""Where usage objects are found, lower case."""
_BARE = {
    "prompt", "completion", "input", "output", "reasoning", "total", "cache.read", "cache.write", "cacheread",
    "cachewrite",
}  # fmt: skip
"""Names that mean tokens only where they stand within a usage object."""


def _written(name: str) -> tuple[str, ...]:
    """A name as it stands, and as a flattened table has it."""
    return (name, name.replace(".", "_")) if "." in name else (name,)


def _spelled(plain: Iterable[str], within: Iterable[str]) -> tuple[str, ...]:
    names = (*plain, *within)
    flat = [one for name in names if name not in _BARE for one in _written(name)]
    placed = [one for place in PLACES for name in names for one in _written(f"{place}.{name}")]
    return tuple(dict.fromkeys((*flat, *placed)))


SPELLINGS: Mapping[str, tuple[str, ...]] = {
    column: _spelled((column, *plain), WITHIN[column]) for column, plain in PLAIN.items()
}
"""Every name of our token columns, by column, the likeliest first."""
LEAVES: Mapping[str, str] = {
    written: name
    for place in PLACES
    for column in PLAIN
    for name in (*reversed(WITHIN[column]), *reversed(PLAIN[column]), column)
    for written in _written(f"{place}.{name}")
}
"""What such a name is within its usage object."""
TOTALS = _spelled(("total_tokens", "totaltokens", "total_token_count", "totaltokencount", "tokens_total"), ("total",))
"""Names of the sum of a call's tokens: it tells whether the input counts the cached ones."""
APART: Mapping[str, tuple[str, ...]] = {
    "input_tokens": ("prompt_cache_miss_tokens", "uncached_input_tokens", "input"),
    "output_tokens": ("candidates_token_count", "candidatestokencount"),
}
"""Names, the last part, that nobody uses for an input with the cached tokens (DeepSeek's, those of Anthropic's usage
report, and the bare `input` beside `cache_read` of Langfuse and coding agents) or an output with those of the reasoning
(Gemini's candidates)."""
XAI_OUTPUT = ("completion_tokens", "completiontokens")
"""Names by which xAI's chat completions report an output without the tokens of the reasoning."""
ANTHROPIC_INPUT = ("input_tokens", "inputtokens")
ANTHROPIC_CACHED = (
    "cache_read_input_tokens", "cache_creation_input_tokens", "cachereadinputtokens", "cachecreationinputtokens",
    "cachewriteinputtokens",
)  # fmt: skip
"""Names, the last part, by which Anthropic (and Bedrock, which serves its models) report an input *without* these."""
