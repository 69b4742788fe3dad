"""What a tile shows of each metric: over the range, on the last full day, or of cohorts that are old enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl

from app import answers, wording
from app.queries.asking import UNCOVERED, Answer, ask, shown, totals, trend
from app.source import source
from app.state import View
from metrics.catalog import Metric
from metrics.engine import PREVIOUS, DataFreshness
from metrics.engine.query import Grain, Window

COURSE_DAYS = 14
"""Days that the course of a figure taken by day shows at least."""
MOST_BACK = 90
"""Days between the two days compared at most: for a longer range, so much would be asked only for that."""
COHORT_DAYS = 7
"""Days of cohorts taken together at least: of one day they are few, and every weekday comes back in its own way."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of a tile."""

    value: float | None
    answer: Answer
    """Where it comes from, with what that lacks."""
    previous: float | None = None
    course: Sequence[float] = ()
    of: str = ""
    """What the value is of, where that is not the range: a day, or some cohorts."""
    against: str = ""
    """What `previous` is of."""
    so_far: str = ""
    """What there is of the day that is not over."""
    row: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """The value, and what its judgment needs beside it."""


def figures(view: View, metrics: Sequence[Metric], beside: Mapping[str, tuple[str, ...]]) -> dict[str, Figure]:
    """The figure of each metric by name; `beside` names the metrics that the judgment of one needs."""
    by_day = [metric for metric in metrics if metric.days_back]
    returning = [metric for metric in metrics if metric.returns_after is not None]
    names = tuple(metric.name for metric in metrics if metric not in by_day and metric not in returning)
    found = _over_the_range(view, names, beside) if names else {}
    found |= _on_the_last_full_day(view, by_day) if by_day else {}
    return found | {metric.name: _of_cohorts(view, metric) for metric in returning}


def _over_the_range(view: View, names: tuple[str, ...], beside: Mapping[str, tuple[str, ...]]) -> dict[str, Figure]:
    needed = (*names, *(other for name in names for other in beside.get(name, ())))
    sums = totals(view, tuple(dict.fromkeys(needed)))
    course = trend(view, names).frame
    row = sums.frame.row(0, named=True) if sums.frame.height else {}
    against = f"previous {wording.span(sums.axis.window.length)}"
    return {
        name: Figure(row.get(name), sums, row.get(name + PREVIOUS), _course(course, name), against=against, row=row)
        for name in names
    }


def _on_the_last_full_day(view: View, metrics: Sequence[Metric]) -> dict[str, Figure]:
    """Half a day beside a full one would look like a fall."""
    range_shown = shown(view).window
    until = min(range_shown.end, source().now())
    back = min(MOST_BACK, max(1, round(range_shown.length / _DAY)))
    today = until.astimezone(view.zone).date()
    start = _midnight(today - timedelta(days=max(COURSE_DAYS, back + 1)), view)
    asked = _over(view, Window(start=start, end=until))
    answer = ask(asked, tuple(metric.name for metric in metrics), grain=Grain.DAY)
    by_day = {row["time"].astimezone(view.zone).date(): row for row in answer.frame.iter_rows(named=True)}
    return {metric.name: _full_day(metric, answer, by_day, today, back, view) for metric in metrics}


def _full_day(
    metric: Metric,
    answer: Answer,
    by_day: Mapping[date, Mapping[str, float | None]],
    today: date,
    back: int,
    view: View,
) -> Figure:
    name, last = metric.name, today - _DAY
    value, partly = by_day.get(last, {}).get(name), by_day.get(today, {}).get(name)
    is_today = source().now().astimezone(view.zone).date() == today
    so_far = f"{'today' if is_today else _named(today)} so far: "
    before = last - timedelta(days=back)
    earlier = by_day.get(before, {}).get(name) if _is_covered(metric, before, view) else None
    full = answer.frame.filter(pl.col("time") < _midnight(today, view)) if answer.frame.height else answer.frame
    partial = wording.quantity(partly, metric.unit, metric.decimals)
    return Figure(
        value, answer, earlier, _course(full, name), _named(last), _named(before),
        so_far + partial if partly is not None else "", {name: value},
    )  # fmt: skip


def _is_covered(metric: Metric, day: date, view: View) -> bool:
    """Whether there were events for nearly all of what the value of a day looks back over."""
    reach = metric.days_back * _DAY
    latest = _midnight(day + _DAY, view) - reach + UNCOVERED * reach
    kinds = answers.ask(DataFreshness()).kinds
    return any(one.first is not None and one.first <= latest for kind, one in kinds.items() if kind in metric.kinds)


def _of_cohorts(view: View, metric: Metric) -> Figure:
    """Of as many days of new users as the range has, the last ones that can have come back by now."""
    range_shown = shown(view).window
    age = metric.returns_after or 0
    days = max(COHORT_DAYS, round(range_shown.length / _DAY))
    until = min(range_shown.end, source().now())
    today = until.astimezone(view.zone).date()
    first, last = today - timedelta(days=age + days), today - timedelta(days=age + 1)
    # A cohort counts once its day of return is over: of the last `age` days, which are asked about, none does.
    answer = totals(_over(view, Window(start=_midnight(first, view), end=_midnight(today, view))), (metric.name,))
    row = answer.frame.row(0, named=True) if answer.frame.height else {}
    of = f"users new {_span(first, last)}"
    return Figure(row.get(metric.name), answer, row.get(metric.name + PREVIOUS), of=of, against="those before", row=row)


def _over(view: View, window: Window) -> View:
    """The same view over another window, without a comparison."""
    return View(window, view.tz, False, view.filters)


def _midnight(day: date, view: View) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=view.zone).astimezone(UTC)


def _named(day: date) -> str:
    return f"{day:%d %b}"


def _span(first: date, last: date) -> str:
    return f"{first:%d %b} – {last:%d %b}"


def _course(frame: pl.DataFrame, name: str) -> list[float]:
    if name not in frame.columns:
        return []
    return frame[name].drop_nulls().cast(pl.Float64).to_list()
