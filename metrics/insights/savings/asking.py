"""An engine and a moment in, what could be saved and what was saved since out."""

from collections.abc import Sequence
from datetime import datetime

from metrics.engine import CallSpending, DataFreshness, Window
from metrics.engine.engine import Answering
from metrics.engine.query import Filter
from metrics.events.pricing import PriceBook
from metrics.insights.savings.finding import remarks, wasted
from metrics.insights.savings.idle import idle
from metrics.insights.savings.measuring import measured
from metrics.insights.savings.model import MONTH, Row, Savings


def savings(engine: Answering, prices: PriceBook, end: datetime, filters: tuple[Filter, ...] = ()) -> Savings:
    """What could be saved, by the calls of the thirty days before `end`; and what was, beside the thirty before these.

    Raises:
        EngineError: as of `Engine.answer`.
    """
    window, earlier = Window(start=end - MONTH, end=end), Window(start=end - 2 * MONTH, end=end - MONTH)
    known = engine.answer(DataFreshness()).kinds.get("llm_call")
    is_known = known is not None and known.first is not None and known.first <= earlier.start
    asked = CallSpending(window=window, earlier=earlier if is_known else None, filters=filters)
    every = list(engine.answer(asked).iter_rows(named=True))
    rows, before = ([row for row in every if row["is_earlier"] is then] for then in (False, True))
    if not rows and not before:
        return Savings((), 0.0, ())
    unused, why = idle(engine, _features(rows), window, filters)
    was_unused, _ = idle(engine, _features(before), earlier, filters) if before else ({}, "")
    found = wasted(rows, prices, end, unused)
    saved, less = measured(wasted(before, prices, earlier.end, was_unused), found, rows, before)
    said = [*remarks(rows), *([why] if why else [])]
    if not is_known:
        said.append("what was saved cannot be told yet: needs `llm_call` events of sixty days")
    return Savings(found, sum(row["cost"] or 0.0 for row in rows), tuple(said), saved, less)


def _features(rows: Sequence[Row]) -> set[str]:
    return {row["feature"] for row in rows if row["feature"] is not None}
