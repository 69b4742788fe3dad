"""A trace as a table: steps below the one in which they happened, and what lacks its parent says so."""

from datetime import UTC, datetime

from app.queries import exploring
from metrics.engine import Traced
from metrics.engine.trace_tree import Step, placed

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_names_are_indented_and_an_orphan_is_said() -> None:
    steps = [
        Step("span", "s", NOON, "1", None, 10.0),
        Step("llm_call", "c", NOON, "2", "1", 5.0, 0.5, 10),
        Step("error", "e", NOON, None, "9"),
    ]
    events = {"span/s": {"name": "agent", "status": "ok"}, "llm_call/c": {"model": "m"}, "error/e": {"message": "boom"}}
    rows = exploring.nested(Traced(tuple(placed(steps)), events, False))
    assert rows.select("step", "cost_usd", "tokens", "status").rows() == [
        ("agent", 0.5, 10, "ok"), ("\u2003m", 0.5, 10, None), ("boom", None, None, None),
    ]  # fmt: skip
    assert rows["note"].to_list() == [None, None, "its parent is not among these events"]
