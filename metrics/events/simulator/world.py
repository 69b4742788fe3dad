"""What the simulated product is like: its endpoints, models, people and machines, as tables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
    Endpoint("/api/v1/embeddings", "POST", "gateway", "search", 0.07, 78, True),
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


PROVIDER_SHARES: dict[str, float] = {"openai": 0.38, "anthropic": 0.27, "google": 0.18, "mistral": 0.10, "cohere": 0.07}
PROVIDER_SPEED: dict[str, float] = {"openai": 1.0, "anthropic": 1.06, "google": 0.92, "mistral": 0.95, "cohere": 1.1}
MODELS: Sequence[Model] = (
    Model("openai", "gpt-4o", 0.45, 420, 85, 900, 280),
    Model("openai", "gpt-4o-mini", 0.43, 290, 120, 700, 220),
    Model("openai", "o3-mini", 0.12, 2200, 140, 800, 900, reasons=True),
    Model("anthropic", "claude-3-5-sonnet-20241022", 0.62, 620, 75, 1300, 330),
    Model("anthropic", "claude-3-5-haiku-20241022", 0.38, 380, 110, 900, 240),
    Model("google", "gemini-2.0-flash", 0.70, 310, 160, 1000, 260),
    Model("google", "gemini-1.5-pro", 0.30, 560, 70, 1500, 320),
    Model("mistral", "mistral-large-latest", 0.6, 470, 60, 800, 250),
    Model("mistral", "mistral-small-latest", 0.4, 260, 110, 600, 200),
    Model("cohere", "command-r-plus", 1.0, 480, 55, 900, 230),
)
UNPRICED_MODEL = "house-tuned-7b"
"""A model that no price list knows."""

REGIONS: dict[str, tuple[float, float]] = {"us-east-1": (0.48, -5), "eu-west-1": (0.34, 1), "ap-southeast-1": (0.18, 8)}
"""Share of the users, and hours from UTC."""
HOSTS = ("web-1", "web-2", "agents-1", "db-1")
PAGES = ("Landing Page", "Login", "Dashboard", "Prompt Management", "Pipeline Builder", "Analytics", "Settings")
EXIT = len(PAGES)
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


def hourly_shape() -> Floats:
    """Share of a day's traffic in each minute of UTC: people of every region are awake by day."""
    minute = np.arange(1440) / 60.0
    shape = np.zeros(1440)
    for share, offset in REGIONS.values():
        local = (minute + offset) % 24
        awake = np.exp(-(((local - 10.5) / 3.2) ** 2)) + 0.9 * np.exp(-(((local - 15.5) / 3.4) ** 2)) + 0.12
        shape += share * awake / awake.sum()
    return shape / shape.sum()


def drawn(rng: np.random.Generator, shares: Sequence[float], size: int) -> Integers:
    """Indices drawn by their shares."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], rng.random(size), side="right")


def identities(kind_number: int, day_number: int, count: int) -> NDArray[np.uint64]:
    """Numbers that no other event of any kind or day has: a bijection (SplitMix64) of kind, day and place."""
    with np.errstate(over="ignore"):
        mixed = np.arange(count, dtype=np.uint64) + np.uint64((kind_number << 58) + ((day_number & 0xFFFFF) << 36))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
