"""A product whose calls cost as much as is needed for a budget: by day, team and model."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from tests.metrics.engine.stored import store

TUESDAY = datetime(2026, 3, 10, tzinfo=UTC)
DAYS, CALLS = 40, 12
"""Days before that Tuesday with calls, and calls of each team a day."""
TEAMS: Mapping[str, float] = {"search": 1.0, "chat": 0.5}
"""What a call of a team costs in USD."""


def spend(home: Path, until: datetime = TUESDAY + timedelta(days=1)) -> None:
    """Calls of two teams, every second hour, until a moment; one of them has no price.

    On the last Tuesday search has twice the tokens, and one call costs 9990.
    """
    rows: list[tuple[datetime, str, str, float | None, int]] = []
    first = TUESDAY - timedelta(days=DAYS)
    for hour in range(0, DAYS * 24 + 24, 24 // CALLS):
        at = first + timedelta(hours=hour)
        for team, cost in TEAMS.items():
            longer = 2 if team == "search" and at >= TUESDAY else 1
            rows += [(at + timedelta(minutes=n), team, "gpt-4.1", cost * longer / 10, 100 * longer) for n in range(10)]
    rows.append((TUESDAY + timedelta(hours=1, minutes=30), "chat", "gpt-4.1", None, 100))
    rows.append((TUESDAY + timedelta(hours=14, minutes=3), "search", "gpt-4.1", 9_990.0, 100))
    schema = {
        "ts": pl.Datetime("us", "UTC"), "team": pl.String, "model": pl.String, "cost_usd": pl.Float64,
        "input_tokens": pl.Int64,
    }  # fmt: skip
    calls = pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("ts") < until).sort("ts")
    store(
        home,
        "llm_call",
        calls.with_row_index("event_id").with_columns(
            provider=pl.lit("openai"), feature="team", user_id="team",
            attributes=pl.concat_list(pl.struct(key=pl.lit("team"), value=pl.col("team"))),
        ),
    )  # fmt: skip
