"""Open errors are those that the metric counts, in the order in which to look at them."""

from datetime import UTC, datetime, timedelta

import polars as pl

from metrics.engine import Engine, OpenErrors, Query, Window

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_open_errors_are_those_counted_as_pending(engine: Engine) -> None:
    window = Window(start=datetime(2026, 3, 28, tzinfo=UTC), end=datetime(2026, 3, 30, tzinfo=UTC))
    pending = engine.answer(Query(metrics=("errors_pending",), window=window)).frame["errors_pending"].item()
    listed = engine.answer(OpenErrors(window=window, limit=1000))
    assert listed.height == pending > 10
    order = {"critical": 0, "error": 1, "warning": 2, "info": 3, None: 4}
    ranks = [order[severity] for severity in listed["severity"]]
    assert ranks == sorted(ranks)
    newest = listed.filter(pl.col("severity") == "critical")["opened_at"]
    assert newest.to_list() == sorted(newest, reverse=True)
