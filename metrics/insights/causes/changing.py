"""What was changed before a number did: what people told, and what came for the first time."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from metrics.engine import Changes, DataFreshness, NewErrors, Query, Window
from metrics.engine.engine import Answering
from metrics.engine.query import TIME, Filter, Grain
from metrics.insights.causes.model import Changed, Sort

BEFORE = timedelta(hours=1)
"""How long before a span something may have been changed that shows in it."""
KNOWN = timedelta(days=14)
"""What did not come for so long is new."""
LEAST_KNOWN = timedelta(hours=3)
"""Of which there have to be this much at least: on the first day, everything is new."""
RELEASED = "attributes.service.version"
NEWCOMERS: tuple[tuple[str, str, Sort], ...] = (
    ("llm_calls", "model", "model"),
    ("llm_calls", "provider", "provider"),
    ("requests", "endpoint", "endpoint"),
    ("requests", "feature", "feature"),
    ("requests", RELEASED, "version"),
)
"""Of what a first value is told: what counts it, and the dimension."""
ERRORS, USERS = "errors_total", "users_new"
"""What counts the other newcomers."""
MANY = 3.0
"""How many times more new users than usual are told."""
_LEAST_USERS = 10
MOST = 20
_WEEK = timedelta(days=7)
_SORTS: dict[str, Sort] = {
    "deployment": "deployment", "config": "config", "maintenance": "maintenance", "incident": "incident",
}  # fmt: skip


def changed(engine: Answering, span: Window) -> tuple[tuple[Changed, ...], list[str]]:
    """What was changed in a span and the hour before, the newest first; and what could not be told."""
    window = Window(start=span.start - BEFORE, end=span.end)
    found = list(_told(engine, window))
    known = engine.answer(DataFreshness()).kinds
    remarks: list[str] = []
    for counter, dimension, sort in NEWCOMERS:
        (kind,) = engine.metrics[counter].kinds
        first = known[kind].first if kind in known else None
        if first is None:
            continue
        if window.start - first < LEAST_KNOWN:
            remarks.append(f"what is new of `{kind}` events cannot be told: they begin {first:%Y-%m-%d %H:%M} UTC")
            continue
        since = max(window.start - KNOWN, first)
        if dimension == RELEASED:
            since = max(window.start - timedelta(days=1), since)
        found += _new(engine, counter, dimension, sort, Window(start=since, end=window.start), window)
    errors = known.get("error")
    if errors and errors.first and window.start - errors.first >= LEAST_KNOWN:
        found += _errors(engine, window)
    if known and all(one.first is None or window.start - one.first >= _WEEK for one in known.values()):
        found += _users(engine, window)
    newest = sorted(found, key=lambda one: one.at, reverse=True)
    return tuple(newest[:MOST]), list(dict.fromkeys(remarks))


def _told(engine: Answering, window: Window) -> Iterator[Changed]:
    for row in engine.answer(Changes(window=window)).iter_rows(named=True):
        if row["ts"] >= window.start:
            sort = _SORTS.get(row["change_type"] or "", "change")
            yield Changed(row["ts"], sort, row["name"] or "", row["description"] or "")


def _new(
    engine: Answering, counter: str, dimension: str, sort: Sort, before: Window, window: Window
) -> Iterator[Changed]:
    """Values that came in the window and not before."""
    now = engine.answer(Query(metrics=(counter,), window=window, by=(dimension,))).frame
    then = engine.answer(Query(metrics=(counter,), window=before, by=(dimension,))).frame
    earlier = set(then.filter(pl.col(counter) > 0)[dimension])
    for value, count in now.filter(pl.col(counter) > 0).drop_nulls().iter_rows():
        if value not in earlier:
            filters = (Filter(dimension=dimension, values=(value,)),)
            at = _first(engine, counter, filters, window)
            yield Changed(at, sort, value, count=int(count), metric=counter, filters=filters)


def _first(engine: Answering, counter: str, filters: tuple[Filter, ...], window: Window) -> datetime:
    asked = Query(metrics=(counter,), window=window, filters=filters, grain=Grain.MINUTE)
    frame = engine.answer(asked).frame.filter(pl.col(counter) > 0)
    return max(frame[TIME][0], window.start) if frame.height else window.start


def _errors(engine: Answering, window: Window) -> Iterator[Changed]:
    for row in engine.answer(NewErrors(window=window, before=KNOWN)).iter_rows(named=True):
        where = (Filter(dimension="component", values=(row["component"],)),) if row["component"] else ()
        yield Changed(row["ts"], "error", row["message"], row["error_type"] or "", row["events"], ERRORS, where)


def _users(engine: Answering, window: Window) -> Iterator[Changed]:
    """Many more new users than usual."""
    week = Window(start=window.start - _WEEK, end=window.start)
    count, before = (
        float(engine.answer(Query(metrics=(USERS,), window=one)).frame[USERS][0] or 0) for one in (window, week)
    )
    usual = before * (window.length / week.length)
    if before and count >= _LEAST_USERS and count >= MANY * max(usual, 1.0):
        told = f"{count / max(usual, 1.0):.0f} × as many as usual"
        yield Changed(window.start, "users", told, count=int(count), metric=USERS)
