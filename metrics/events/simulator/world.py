"""What the simulated product is like: its endpoints, models, people and machines, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route: its share of the traffic, its median time in ms, whether a model answers it."""

    path: str
    method: str
    service: str
    feature: str
    share: float
    median_ms: float
    calls_model: bool = False


ENDPOINTS: Sequence[Endpoint] = (
    Endpoint("/api/v1/chat", "POST", "gateway", "chat", 0.22, 96, True),
    Endpoint("/api/v1/completions", "POST", "gateway", "code_assist", 0.13, 104, True),
    Endpoint("/api/v1/summarize", "POST", "gateway", "summarization", 0.09, 112, True),
    Endpoint("/api/v1/search", "GET", "gateway", "search", 0.12, 84, True),
    Endpoint("/api/v1/agents/run", "POST", "agents", "agents", 0.06, 128, True),
    Endpoint("/api/v1/answers", "POST", "gateway", "search", 0.07, 78, True),
    Endpoint("/api/v1/prompts", "GET", "app", "chat", 0.10, 72),
    Endpoint("/api/v1/prompts/save", "POST", "app", "chat", 0.04, 88),
    Endpoint("/api/v1/pipelines", "GET", "app", "agents", 0.05, 80),
    Endpoint("/api/v1/pipelines/run", "POST", "agents", "agents", 0.03, 132),
    Endpoint("/api/v1/analytics", "GET", "app", "summarization", 0.05, 98),
    Endpoint("/api/v1/session", "GET", "app", "code_assist", 0.04, 64),
)


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its share within its provider, its speed, and how much it is made to write."""

    provider: str
    name: str
    share: float
    first_token_ms: float
    tokens_per_second: float
    input_tokens: float
    output_tokens: float
    reasons: bool = False


PROVIDER_SHARES: Mapping[str, float] = {
    "openai": 0.38, "anthropic": 0.27, "google": 0.18, "mistral": 0.10, "cohere": 0.07,
}  # fmt: skip
PROVIDER_SPEED: Mapping[str, float] = {
    "openai": 1.0, "anthropic": 1.06, "google": 0.92, "mistral": 0.95, "cohere": 1.1,
}  # fmt: skip
MODELS: Sequence[Model] = (
    Model("openai", "gpt-4.1", 0.42, 420, 85, 900, 280),
    Model("openai", "gpt-4.1-mini", 0.46, 290, 120, 700, 220),
    Model("openai", "o4-mini", 0.12, 2200, 140, 800, 900, reasons=True),
    Model("anthropic", "claude-sonnet-4-5", 0.62, 620, 75, 1300, 330),
    Model("anthropic", "claude-haiku-4-5", 0.38, 380, 110, 900, 240),
    Model("google", "gemini-2.5-flash", 0.70, 310, 160, 1000, 260),
    Model("google", "gemini-2.5-pro", 0.30, 560, 70, 1500, 620, reasons=True),
    Model("mistral", "mistral-large-latest", 0.6, 470, 60, 800, 250),
    Model("mistral", "mistral-small-latest", 0.4, 260, 110, 600, 200),
    Model("cohere", "command-r-plus", 0.7, 480, 55, 900, 230),
    Model("cohere", "command-r", 0.3, 300, 95, 700, 200),
)
PROMPTS = 4_000
UNPRICED_MODEL = "house-tuned-7b"
"""A model that no price list knows."""

REGIONS: Mapping[str, tuple[float, float]] = {
    "us-east-1": (0.48, -5), "eu-west-1": (0.34, 1), "ap-southeast-1": (0.18, 8),
}  # fmt: skip
"""Share of the users, and hours from UTC."""
HOSTS = ("web-1", "web-2", "agents-1", "db-1")
PAGES = ("Landing Page", "Login", "Dashboard", "Prompt Management", "Pipeline Builder", "Analytics", "Settings")
EXIT = len(PAGES)
ENTRY_SHARES = (0.55, 0.2, 0.25)
"""Where visits begin: the first pages of `PAGES`."""
PAGE_FEATURES: Sequence[str | None] = (None, None, None, "chat", "agents", "search", None)
PAGE_ACTIONS: Sequence[tuple[str, str]] = (
    ("click", "sign-in-button"), ("submit", "login-form"), ("click", "recent-prompt"), ("submit", "save-prompt"),
    ("click", "run-pipeline"), ("click", "export"), ("submit", "save-settings"),
)  # fmt: skip
"""What people do on each page, beside looking at it."""
JOURNEY: Sequence[Sequence[float]] = (
    (0.00, 0.62, 0.10, 0.00, 0.00, 0.00, 0.00, 0.28),
    (0.04, 0.00, 0.86, 0.00, 0.00, 0.00, 0.00, 0.10),
    (0.00, 0.00, 0.00, 0.40, 0.20, 0.18, 0.04, 0.18),
    (0.00, 0.00, 0.26, 0.00, 0.22, 0.14, 0.02, 0.36),
    (0.00, 0.00, 0.22, 0.20, 0.00, 0.20, 0.02, 0.36),
    (0.00, 0.00, 0.34, 0.10, 0.08, 0.00, 0.03, 0.45),
    (0.00, 0.00, 0.52, 0.00, 0.00, 0.00, 0.00, 0.48),
)
"""From each page, the chance of each next page and, last, of leaving."""
LONGEST_VISIT = 12
COMPONENTS: Sequence[str] = (
    "api_gateway", "database", "cache", *(f"llm:{name}" for name in PROVIDER_SHARES), "dependency:payments",
    "dependency:email",
)  # fmt: skip
WEEKDAYS = (1.08, 1.12, 1.14, 1.10, 1.04, 0.78, 0.74)
"""Traffic of Monday to Sunday against the mean."""


def local_shape(offset: float) -> Floats:
    """Share of a day's visits that begin in each minute of UTC, for people `offset` hours from UTC."""
    local = (np.arange(1440) / 60.0 + offset) % 24
    awake = np.exp(-(((local - 10.5) / 3.2) ** 2)) + 0.9 * np.exp(-(((local - 15.5) / 3.4) ** 2)) + 0.12
    return awake / awake.sum()


def drawn(rng: np.random.Generator, shares: Sequence[float], size: int) -> Integers:
    """Indices drawn by their shares, each to within 1/65536: a table read is ten times as fast as a search."""
    return _draw_table(tuple(shares))[rng.integers(0, _DRAWS, size, dtype=np.uint16)]


_DRAWS = 65_536


@cache
def _draw_table(shares: tuple[float, ...]) -> Integers:
    edges = np.cumsum(np.array(shares, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], (np.arange(_DRAWS) + 0.5) / _DRAWS, side="right").astype(np.int64)


def identities(kind_number: int, day_ordinal: int, count: int, run: int) -> NDArray[np.uint64]:
    """Numbers that no other event of any kind or day has: a bijection (SplitMix64) of kind, day and place.

    `run` (64 bits) sets the numbers of one simulation apart from those of another.
    """
    with np.errstate(over="ignore"):
        mixed = np.arange(count, dtype=np.uint64) + np.uint64((kind_number << 58) + ((day_ordinal & 0xFFFFF) << 36))
        mixed ^= np.uint64(run)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
