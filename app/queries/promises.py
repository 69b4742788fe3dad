"""What the pages promise of themselves, and whether it is kept: how fast, how right, how rarely for nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import streamlit as st

from alerts.store import Store, history
from app import page_times, wording
from app.page_times import STEPS
from app.queries import alert_home
from app.source import source
from app.state import View
from app.verification import remembered

DAYS, ALERT_DAYS = 7, 30
"""Over how many days, this one included, times of pages and false alerts are looked at."""
LOAD_MILLISECONDS, UPDATE_MILLISECONDS, ACCURACY_PERCENT, FALSE_PERCENT = 2_000.0, 100.0, 99.9, 5.0
_P95 = 0.95


@dataclass(frozen=True, slots=True)
class Kept:
    """A promise and the figure that it is held against."""

    name: str
    title: str
    promise: str
    """`under 2 s`."""
    value: float | None
    unit: str
    decimals: int
    is_kept: bool | None
    """None where there is no figure."""
    basis: str
    """What the figure was taken from and over which time; or why there is none, and what to do about it."""
    doc: str
    """How it is measured."""


def promises(view: View) -> Sequence[Kept]:
    """All of them, as things stand to the minute."""
    return (_load(), _update(), _accuracy(view), false_alerts())


def by_page() -> pl.DataFrame:
    """How long each page took over the last days, the slowest first: visits, then median and P95 of each step in s."""
    frame = _steps()
    both = [
        (pl.col(step).quantile(quantile, "linear") / 1000).alias(f"{step} {word}")
        for step in STEPS
        for word, quantile in (("median", 0.5), ("P95", _P95))
    ]
    told = frame.group_by("page").agg(pl.len().alias("visits"), *both)
    return told.sort(f"{STEPS[-1]} P95", "page", descending=[True, False], nulls_last=True)


def _load() -> Kept:
    took = _steps()["all_figures"].drop_nulls()
    value = took.quantile(_P95, "linear")
    return Kept(
        "page-load", "Page load", f"under {LOAD_MILLISECONDS / 1000:g} s", value, "ms", 0,
        None if value is None else value < LOAD_MILLISECONDS,
        f"P95 of {_words(len(took), 'visit')}, {_lately()}" if len(took) else _unmeasured("No visit was measured"),
        "From the click, or the address, until every figure in view is drawn and at rest, in visitors' browsers. "
        "Visits that ended before are not among them.",
    )  # fmt: skip


def _update() -> Kept:
    took = pl.Series([one for time in _times() for one in time.updates], dtype=pl.Float64)
    value = took.quantile(_P95, "linear")
    return Kept(
        "update", "Update latency", f"under {UPDATE_MILLISECONDS:g} ms", value, "ms", 0,
        None if value is None else value < UPDATE_MILLISECONDS,
        f"P95 of {_words(len(took), 'update')}, {_lately()}"
        if len(took)
        else _unmeasured("No event was seen to come on an open Live page"),
        "From when the collector received an event until the Live page showed it, in visitors' browsers.",
    )  # fmt: skip


def _accuracy(view: View) -> Kept:
    found = remembered(source().own_home)
    value, basis = None, "Not verified yet: `promptpilot verify` holds every figure against its events."
    if found and found.compared:
        value = 100 * (1 - found.differing / found.compared)
        at = wording.markdown(f"{wording.moment(found.at, view.zone)} {view.tz}")
        basis = f"{found.compared - found.differing:,} of {found.compared:,} figures, verified {at}"
    elif found:
        basis = "Verified while there was no event to hold figures against: `promptpilot verify` does it again."
    return Kept(
        "accuracy", "Accuracy", f"over {ACCURACY_PERCENT:g} %", value, "%", 3,
        None if value is None else value > ACCURACY_PERCENT, basis,
        "Figures that the pages show and that are what the raw events say, of all that the newest "
        "`promptpilot verify` compared.",
    )  # fmt: skip


def false_alerts() -> Kept:
    """How many of the alerts that are over people called false."""
    opened = alert_home.store()
    found = None if opened is None else _judged(alert_home.stamp(), _minute(), opened)
    value = 100 * found.false / found.over if found and found.over else None
    return Kept(
        "false-alerts", "False alerts", f"under {FALSE_PERCENT:g} %", value, "%", 1,
        None if value is None else value < FALSE_PERCENT,
        f"{found.false:,} of {found.over:,} incidents that are over, last {ALERT_DAYS} days"
        if found and found.over
        else f"No incident of the last {ALERT_DAYS} days is over.",
        "Incidents that somebody called a false alert, as they were resolved or afterwards, of all that are over. One "
        "that nobody judged counts as right.",
    )  # fmt: skip


@st.cache_resource(show_spinner=False, max_entries=4)
def _judged(stamp: object, now: datetime, _store: Store) -> history.FalseAlerts:
    with _store.reading() as repository:
        return history.false_alerts(repository, now - timedelta(days=ALERT_DAYS), now)


def _steps() -> pl.DataFrame:
    """A row a visit: the page, and the milliseconds of each step."""
    rows = [(time.page, *(getattr(time, step) for step in STEPS)) for time in _times() if not time.updates]
    return pl.DataFrame(rows, {"page": pl.String, **dict.fromkeys(STEPS, pl.Float64)}, orient="row")


def _times() -> list[page_times.PageTime]:
    return _read(source().own_home, _minute())


@st.cache_resource(show_spinner=False, max_entries=2)
def _read(home: Path, now: datetime) -> list[page_times.PageTime]:
    return page_times.times(home, (now - timedelta(days=DAYS - 1)).date(), now.date())


def _minute() -> datetime:
    return source().now().replace(second=0, microsecond=0) + timedelta(minutes=1)


def _words(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def _lately() -> str:
    return f"last {DAYS} days"


def _unmeasured(why: str) -> str:
    if not source().settings.collect.enabled:
        return "Not measured: `collect.enabled` is false, and the collector keeps what browsers measure."
    return f"{why} in the last {DAYS} days: browsers measure it, and the collector keeps it while it runs."
