"""Values that are known though any text may stand there, and looks that rule a column out, as tables."""

import re
from collections.abc import Callable, Mapping

from metrics.events.proposing.looks import look_of

GUESSES: Mapping[str, frozenset[str]] = {
    "ok": frozenset(("fine", "good", "done", "passed", "yes", "true", "finished", "erfolg")),
    "success": frozenset(("fine", "good", "done", "passed", "yes", "true", "finished")),
    "healthy": frozenset(("fine", "good", "green", "online", "alive", "yes", "true", "1")),
    "rate_limited": frozenset(("throttled", "throttle", "limited", "quota", "quota_exceeded", "too_many_requests")),
    "timeout": frozenset(("slow", "expired", "deadline", "deadline_exceeded")),
    "content_filtered": frozenset(("filtered", "moderated", "refused", "blocked", "safety")),
    "cancelled": frozenset(("aborted", "stopped", "interrupted")),
    "error": frozenset(("broken", "bad", "crashed", "exception", "no", "false", "fehler")),
    "failure": frozenset(("broken", "bad", "crashed", "exception", "no", "false")),
    "down": frozenset(("broken", "bad", "dead", "red", "offline", "no", "false", "0")),
    "degraded": frozenset(("slow", "yellow", "limited")),
    "critical": frozenset(("panic", "emergency", "alert", "p0")),
}
"""Meanings that are proposed for words of which ingest itself is not sure enough."""
_NO_MODEL = frozenset(("url", "path", "email"))
_MODEL = re.compile(
    r"(^|[/.:@_-])(gpt|o[134]|chatgpt|claude|gemini|gemma|palm|llama|mi[sx]tral|codestral|command|deepseek|qwen|grok|phi|"
    r"titan|nova|jamba|dbrx|yi|sonar|whisper|dall-e|text-(embedding|davinci|bison)|embed|davinci|babbage|ada|nomic|bge|"
    r"kimi|glm|minimax)([-_.:/\d]|$)",
    re.I,
)
_PROVIDERS = frozenset(
    [
        "openai",
        "azure",
        "azure_openai",
        "anthropic",
        "google",
        "vertex",
        "vertex_ai",
        "vertexai",
        "gemini",
        "bedrock",
        "aws",
        "cohere",
        "mistral",
        "mistralai",
        "groq",
        "together",
        "together_ai",
        "fireworks",
        "deepseek",
        "xai",
        "x-ai",
        "perplexity",
        "openrouter",
        "ollama",
        "vllm",
        "huggingface",
        "replicate",
        "meta",
        "ai21",
        "anyscale",
        "databricks",
        "nvidia",
        "lepton",
        "cerebras",
        "sambanova",
        "gcp",
        "moonshot",
        "azure-openai",
        "amazon",
        "aws_bedrock",
    ]
)
_OPERATIONS = frozenset(
    [
        "chat",
        "completion",
        "completions",
        "chat_completion",
        "text_completion",
        "embeddings",
        "embedding",
        "acompletion",
        "aembedding",
        "generate",
        "generate_content",
        "invokemodel",
        "invoke_model",
        "converse",
        "conversestream",
        "responses",
        "rerank",
    ]
)
_ENVIRONMENTS = frozenset(
    [
        "prod",
        "production",
        "staging",
        "stage",
        "dev",
        "development",
        "test",
        "testing",
        "qa",
        "preview",
        "local",
        "sandbox",
        "live",
    ]
)
_DEVICES = frozenset(
    [
        "desktop",
        "mobile",
        "tablet",
        "phone",
        "tv",
        "bot",
        "web",
        "ios",
        "android",
        "windows",
        "macos",
        "linux",
        "smartphone",
    ]
)
WELL_KNOWN: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "model": (
        lambda text: bool(_MODEL.search(text)) and look_of(text) not in ("url", "path", "email"),
        "names of models",
    ),
    "provider": (lambda text: text.lower() in _PROVIDERS, "names of providers"),
    "operation": (lambda text: text.lower().replace(" ", "_") in _OPERATIONS, "operations of models"),
    "environment": (lambda text: text.lower() in _ENVIRONMENTS, "names of environments"),
    "device": (lambda text: text.lower() in _DEVICES, "kinds of devices"),
}
"""Columns whose values are known though any text may stand there."""


def _looks(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NO_ID = "agent url path time clock verb boolean json text"
NEVER: Mapping[str, frozenset[str]] = {
    "user_id": _looks(_NO_ID),
    "session_id": _looks(f"{_NO_ID} email ip"),
    "trace_id": _looks(f"{_NO_ID} email ip"),
    "request_id": _looks(f"{_NO_ID} email ip"),
    "model": _looks("url path email ip time clock verb boolean json text uuid number"),
    "provider": _looks("path email ip time clock verb boolean json text uuid number agent"),
    "operation": _looks("email ip time clock boolean json uuid number agent"),
    "endpoint": _looks("agent email ip time clock verb boolean json uuid number text"),
    "page": _looks("agent email ip time clock verb boolean json uuid number"),
    "referrer": _looks("agent email ip time clock boolean json uuid number"),
    "action": _looks("agent email ip time clock boolean json uuid number url path"),
    "device": _looks("agent email ip time clock boolean json uuid number url path text"),
    "host": _looks("agent email time clock boolean json number text"),
    "component": _looks("agent email time clock boolean json number uuid"),
    "source_ip": _looks("agent email time clock boolean json number uuid url path text verb word"),
}
"""Looks that rule a column out."""
ANYWHERE_NEVER = _looks("time json")
"""Looks that rule out all other columns of text."""
CATEGORIES = frozenset(
    [
        "service",
        "region",
        "environment",
        "feature",
        "provider",
        "model",
        "operation",
        "device",
        "action",
        "finish_reason",
    ]
)
"""Columns whose values come again and again."""
OF_OTHERS = _looks(
    "commit sha digest checksum etag trace parent session user thread conversation visitor customer account org"
    " organization project tenant team prompt template model api device client"
)
"""Words of ids that are of something else than the event, though each may come once in a file."""
