"""A product that alerts watch in tests: a home whose requests, minute by minute, are as a test says."""

from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from metrics.settings import Settings
from tests.metrics.engine.stored import store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
A_MINUTE = 50
"""Requests."""
RULE = """
- id: error-rate
  name: Error rate above 5 %
  priority: P0
  metric: error_rate
  by: [endpoint]
  condition: {operator: ">", threshold: 5, duration: 2m}
  notifications: {channels: [slack]}
"""


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


class Product:
    """A home with rules, and what its users meet with."""

    def __init__(self, home: Path, rules: str = RULE, **alerts: object) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        (home / "alerts.yaml").write_text(rules, encoding="utf-8")
        self.settings = Settings.model_validate({"home": home, "alerts": {"shipped_rules": False, **alerts}})

    def lives(self, first: int, last: int, failing: Mapping[str, float] | None = None, endpoints: int = 1) -> None:
        """Requests from minute `first` until minute `last`; by endpoint, the percentage of them that fails."""
        frames = [
            self._minute(minute, f"/{endpoint}", (failing or {}).get(f"/{endpoint}", 0))
            for minute in range(first, last)
            for endpoint in range(endpoints)
        ]
        store(self.home, "request", pl.concat(frames))

    def lives_so(self, minutes: int, failing: Container[int]) -> None:
        """Requests of one endpoint for so many minutes; in some of them, a fifth fails."""
        frames = [self._minute(minute, "/0", 20 if minute in failing else 0) for minute in range(minutes)]
        store(self.home, "request", pl.concat(frames))

    def _minute(self, minute: int, endpoint: str, percent: float) -> pl.DataFrame:
        failed = round(A_MINUTE * percent / 100)
        moments = [at(minute) + timedelta(seconds=60 * place / A_MINUTE) for place in range(A_MINUTE)]
        return pl.DataFrame({"ts": moments}).with_columns(
            event_id=pl.format("{}-{}-{}", pl.lit(endpoint), pl.lit(minute), pl.int_range(pl.len())),
            endpoint=pl.lit(endpoint),
            status_code=pl.Series([500] * failed + [200] * (A_MINUTE - failed), dtype=pl.Int64),
            duration_ms=pl.lit(80.0),
            user_id=pl.format("u{}", pl.int_range(pl.len()) % 20),
        )
