"""A product one of whose features brings people back, as its events show it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tests.metrics.engine.stored import store

END = datetime(2026, 3, 10, tzinfo=UTC)
FIRST = END - timedelta(days=26)
USERS = 120


def use(home: Path) -> None:
    """120 users: every second one uses agents, and of these 48 of 60 come back after nine days; of the others 15.

    All use chat on their first day. Only agents have feedback, a cost of $1 a user, and one call without a price.
    Pages are those of `web` and, fewer of them viewed, of `admin`.
    """
    requests: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []
    feedback: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for user in range(USERS):
        at, who = FIRST + timedelta(hours=user, minutes=5), f"u{user}"
        helped = user % 2 == 0
        requests.append({"ts": at, "user_id": who, "feature": "chat"})
        pages += [{"ts": at, "user_id": who, "service": "web", "page": page, "action": "page_view",
                   "session_id": who} for page in ("Landing Page", "Login")]  # fmt: skip
        if user % 3 == 0:
            pages.append({"ts": at, "user_id": who, "service": "admin", "page": "Audit", "action": "page_view"})
        if helped:
            requests.append({"ts": at + timedelta(hours=1), "user_id": who, "feature": "agents"})
            calls.append({"ts": at, "user_id": who, "feature": "agents", "cost_usd": 1.0})
            feedback.append({"ts": at, "user_id": who, "feature": "agents", "csat_score": 5 if user % 4 else 2,
                             "sentiment": "positive" if user % 4 else "negative"})  # fmt: skip
        if user // 2 % 5 < 4 if helped else user // 2 % 4 == 0:
            requests.append({"ts": at + timedelta(days=9), "user_id": who, "feature": None})
    calls.append({"ts": END - timedelta(hours=2), "user_id": "u0", "feature": "agents", "cost_usd": None})
    requests.append({"ts": END - timedelta(minutes=1), "user_id": "u0", "feature": None})
    kinds = {"request": requests, "interaction": pages, "feedback": feedback, "llm_call": calls}
    schema = {"ts": pl.Datetime("us", "UTC"), "feature": pl.String, "cost_usd": pl.Float64}
    for kind, rows in kinds.items():
        given = {name: dtype for name, dtype in schema.items() if name in rows[0]}
        store(home, kind, pl.DataFrame(rows, schema_overrides=given).sort("ts").with_row_index("event_id"))
