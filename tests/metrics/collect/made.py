"""Events as programs send them."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def request(number: int, **more: Any) -> dict[str, Any]:
    """A request that was served a moment ago."""
    return {
        "event": "request", "ts": NOW.isoformat(), "event_id": f"r{number}", "endpoint": "/chat", "status_code": 200,
        "duration_ms": 10 + number % 100, **more,
    }  # fmt: skip


def call(**more: Any) -> dict[str, Any]:
    """A call of a model, without an identity of its own."""
    return {
        "event": "llm_call", "ts": NOW.isoformat(), "provider": "openai", "model": "gpt-4o", "input_tokens": 1000,
        "output_tokens": 100, "duration_ms": 800, **more,
    }  # fmt: skip
