"""Rows that are pieces of one streamed answer: the same request and input, and an output that grows from row to row.

Each says all that was written so far; added up, they are a multiple of the call. Only a mapping can say which counts.
"""

from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.planning import joined, planned
from metrics.events.survey.feeding import fed
from metrics.events.survey.looking import Decided, Look, Verdict
from metrics.events.values.outcome import CALL

_FIRST = 20_000
_PIECES = 3
"""Rows of one request from which on it is no chance that its output grows."""
_MOST = 0.9
"""Share of the requests with so many rows that must be so."""


def look_for_stream_pieces(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A question where the first rows of calls without an id are pieces of answers."""
    if part.kind.name != CALL or part.columns:
        return
    names = fed(rows, part)
    request = next(iter(names["request_id"]), None)
    if request is None or names["event_id"] or not names["output_tokens"]:
        return
    first = rows.head(_FIRST)
    if first[request].n_unique() * _PIECES <= first.height and _grow(first, part):
        asks = (
            f"rows with the same {request} have the same input and an output that grows, as if each were a piece of "
            f"one answer: is each a call of its own? Else say in a mapping `event_id: {request}` and `repeats: last`"
        )
        options = (Option("each is a call of its own", {"event_id": {"from": []}}),)
        yield Decided("event_id", Verdict(question=Question(CALL, request, asks, options)))


def _grow(rows: pl.DataFrame, part: Part) -> bool:
    """Whether the output grows within nearly all requests of several rows."""
    there = joined(rows, part)
    made = planned(there, part, 0).expressions
    said = there.select(made[name].alias(name) for name in ("request_id", "input_tokens", "output_tokens"))
    grown = (pl.col("output_tokens").diff().drop_nulls() > 0).all() & (pl.col("input_tokens").n_unique() == 1)
    requests = said.drop_nulls("request_id").group_by("request_id", maintain_order=True).agg(pl.len(), grown=grown)
    several = requests.filter(pl.col("len") >= _PIECES)["grown"]
    return bool(len(several)) and float(several.mean() or 0) >= _MOST  # pyright: ignore[reportArgumentType]
