"""Events of the serving path: HTTP requests and calls of a language model."""

from metrics.events.mapping.spellings import PLAIN
from metrics.events.schema import BOOLEAN, FLOAT, INTEGER, Column, Kind, duration, text, tokens

REQUEST = Kind(
    "request",
    "One request answered by the product's API.",
    (
        text("request_id", "Identity of the request, shared with its LLM calls and errors."),
        text("endpoint", "Route, without the query string.", aliases=("path", "route", "http.route", "url.path")),
        text("method", "HTTP method.", aliases=("http_method", "http.request.method", "http.method")),
        Column(
            "status_code",
            INTEGER,
            "HTTP status.",
            minimum=100,
            maximum=599,
            aliases=("status", "http_status", "http.response.status_code", "http.status_code"),
        ),
        duration(
            "duration_ms",
            "Time to the last byte of the answer.",
            aliases=("latency_ms", "response_time_ms", "duration", "latency", "response_time"),
        ),
        text(
            "provider", "LLM provider that served it, where one did.", aliases=("llm_provider", "gen_ai.provider.name")
        ),
        text("model", "Model that served it, where one did."),
        Column("response_bytes", INTEGER, "Size of the answer's body.", unit="B", minimum=0, aliases=("bytes",)),
    ),
    signature=(("endpoint", "status_code"), ("endpoint", "duration_ms"), ("method", "status_code")),
    aliases=("requests", "http_request", "api_request"),
)

LLM_CALL = Kind(
    "llm_call",
    "One call of a language model. Input tokens include cached ones, output tokens include reasoning.",
    (
        text("request_id", "The product request this call served."),
        text("prompt_id", "The stored prompt that was executed."),
        text(
            "provider",
            "openai, anthropic, google, …",
            aliases=("llm_provider", "gen_ai.provider.name", "gen_ai.system"),
        ),
        text("model", "Model as answered, else as asked for.", aliases=("model_name", "llm_model", "model_id")),
        text("operation", "chat, text_completion, embeddings, …", aliases=("gen_ai.operation.name",)),
        text(
            "status",
            "Outcome of the call.",
            one_of=("ok", "error", "rate_limited", "timeout", "content_filtered", "cancelled"),
        ),
        text("error_type", "Class of the failure.", aliases=("error.type",)),
        duration(
            "duration_ms",
            "Time to the last token.",
            aliases=(
                "latency_ms",
                "response_time_ms",
                "latency",
                "duration",
                "response_time",
                "elapsed",
                "elapsed_time",
                "took",
                "total_time",
                "time_taken",
                "processing_time",
                "e2e_latency",
                "end_to_end_latency",
                "inference_time",
                "total_latency",
                "total_duration",
                "request_duration",
                "call_duration",
                "wall_time",
                "runtime",
                "response_ms",
            ),
        ),
        duration("time_to_first_token_ms", "Time to the first token.", aliases=("ttft_ms", "ttft")),
        tokens(
            "input_tokens",
            "Tokens read, cached ones included.",
            aliases=PLAIN["input_tokens"],
        ),
        tokens(
            "cached_input_tokens",
            "Of the input: read from the provider's cache.",
            aliases=PLAIN["cached_input_tokens"],
        ),
        tokens(
            "cache_write_tokens", "Of the input: written to the provider's cache.", aliases=PLAIN["cache_write_tokens"]
        ),
        tokens(
            "output_tokens",
            "Tokens written, reasoning included.",
            aliases=PLAIN["output_tokens"],
        ),
        tokens("reasoning_tokens", "Of the output: reasoning.", aliases=PLAIN["reasoning_tokens"]),
        Column(
            "cost_usd",
            FLOAT,
            "What the call cost; null when it could not be priced.",
            unit="USD",
            minimum=0,
            aliases=("cost", "total_cost"),
        ),
        Column(
            "cache_savings_usd",
            FLOAT,
            "What the call would have cost more without any cache; null when it could not be priced.",
            unit="USD",
            minimum=0,
        ),
        text("cost_source", "Where the cost comes from.", one_of=("reported", "priced", "unpriced")),
        Column("cache_hit", BOOLEAN, "Answered from a local cache, at no cost."),
        text("finish_reason", "Why the model stopped."),
    ),
    signature=(
        ("model", "input_tokens"),
        ("model", "output_tokens"),
        ("input_tokens", "output_tokens"),
        ("provider", "model", "duration_ms"),
    ),
    aliases=("llm", "llm_calls", "llm_request", "generation", "completion"),
)
