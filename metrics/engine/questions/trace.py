"""All events of one trace, nested."""

from dataclasses import dataclass
from typing import Any

from metrics.engine.context import Context
from metrics.engine.query import Moment, Question, Window
from metrics.engine.questions.raw_events import page
from metrics.engine.trace_search import kinds_of, scope_of, search
from metrics.engine.trace_tree import Placed, Step, placed

MOST_STEPS = 5_000
"""Of a kind: a trace that holds more is shown by its newest, and that is said."""


@dataclass(frozen=True)
class Traced:
    """A trace, or where it was looked for in vain."""

    steps: tuple[Placed, ...]
    """Every event once, parents before children; none where the trace is not known."""
    events: dict[str, dict[str, Any]]
    """All columns of each of them, by `kind/event_id`."""
    cut: bool
    """There are more events than are held here: sums are of those that are."""
    looked: Window | None = None
    """What was looked through until it was found, or in vain; None where no event is stored."""

    def event(self, step: Step) -> dict[str, Any]:
        """All columns of a step."""
        return self.events[f"{step.kind}/{step.event_id}"]


class Trace(Question[Traced]):
    """Events of all kinds of a trace: the one around a moment, or of the whole lake the newest."""

    trace_id: str
    near: Moment | None = None


def answer(context: Context, question: Trace) -> Traced:
    """The trace, of every kind that is stored."""
    found = search(context, question.trace_id, question.near)
    if found.lies is None:
        return Traced((), {}, False, found.looked)
    scope = scope_of(context, question.trace_id, found.lies)
    steps, events, cut = list[Step](), dict[str, dict[str, Any]](), False
    for kind in kinds_of(context.lake):
        held = page(scope, kind, None, MOST_STEPS)
        cut = cut or held.older is not None
        for row in held.rows.iter_rows(named=True):
            steps.append(_step(kind, row))
            events[f"{kind}/{row['event_id']}"] = row
    return Traced(tuple(placed(steps)), events, cut, found.looked)


def _step(kind: str, row: dict[str, Any]) -> Step:
    attributes = _attributes(row["attributes"])
    length = next((row[name] for name in ("duration_ms", "response_time_ms") if row.get(name) is not None), None)
    counted = [row[name] for name in ("input_tokens", "output_tokens") if row.get(name) is not None]
    return Step(
        kind, row["event_id"], row["ts"], attributes.get("span_id"), attributes.get("parent_span_id"), length,
        row.get("cost_usd"), sum(counted) if counted else None,
    )  # fmt: skip


def _attributes(cell: Any) -> dict[str, str]:
    """A map as DuckDB or Polars hands it over."""
    if cell is None:
        return {}
    if isinstance(cell, dict):
        return cell
    return {one["key"]: one["value"] for one in cell}
