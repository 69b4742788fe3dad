"""Who calls whom, as the parents of spans tell it."""

from collections.abc import Mapping
from datetime import timedelta

from metrics.engine.context import Context
from metrics.engine.database import rows_of
from metrics.engine.file_pruning import event_files, event_rows
from metrics.engine.query import Question, Window
from metrics.engine.statement import Statement
from metrics.engine.time_sql import span_sql

PLACES: Mapping[str, str] = {"span": "service", "request": "service", "llm_call": "provider"}
"""By kind the column that says who answered: an LLM call is answered by its provider."""
_MOST_EVENTS = 500_000
"""Of a kind, that are looked at: whoever calls whom does so all the time."""
_SHORTEST = timedelta(minutes=1)


class Calls(Question[Mapping[str, frozenset[str]]]):
    """Which services and providers each service calls; empty where no event says which span it is.

    From the newest events of the window, as many as tell.
    """

    window: Window


def answer(context: Context, question: Calls) -> Mapping[str, frozenset[str]]:
    """From `span_id` and `parent_span_id` among the attributes."""
    kinds = [kind for kind in PLACES if context.lake.events(kind).version >= 0]
    if not kinds:
        return {}
    whole, length = question.window, question.window.length
    most = max(event_rows(context.lake, kind, [whole]) for kind in kinds)
    looked_at = max(length * min(_MOST_EVENTS / max(most, 1), 1), min(_SHORTEST, length))
    window = Window(start=whole.end - looked_at, end=whole.end)
    files = tuple(event_files(context.lake, kind, [window]) for kind in kinds)
    parts = [
        f"SELECT CAST({PLACES[kind]} AS VARCHAR) AS place, CAST(service AS VARCHAR) AS service, "
        "attributes['span_id'] AS own, attributes['parent_span_id'] AS above "
        f"FROM {events.sql} WHERE {span_sql('ts', [window])}"
        for kind, events in zip(kinds, files, strict=True)
    ]
    text = (
        f"WITH spans AS ({' UNION ALL '.join(parts)}) "
        "SELECT DISTINCT caller.service AS caller, called.place AS called FROM spans AS called "
        "JOIN spans AS caller ON called.above = caller.own WHERE caller.service <> called.place "
        "UNION SELECT DISTINCT service, place FROM spans WHERE service <> place"
    )
    calls: dict[str, set[str]] = {}
    for caller, called in rows_of(Statement(text, {}, files)).iter_rows():
        calls.setdefault(caller, set()).add(called)
    return {caller: frozenset(called) for caller, called in calls.items()}
