"""Questions about what is spent over time, and what grew against the same weekdays before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from app import answers, wording
from app.charts.parts import MAXIMUM_PARTS
from app.charts.spending import BEFORE, IS_REST
from app.queries.asking import Answer, ask, shown, until_now, widened
from app.state import View
from metrics.catalog import ATTRIBUTE_PREFIX, DIMENSIONS
from metrics.engine import PREVIOUS, CostChange, CostChanged, DataFreshness, DearCall, PriceChanges
from metrics.engine.query import Filter, Grain, Window

EVERY: Mapping[str, Grain] = {"Day": Grain.DAY, "Week": Grain.WEEK}
"""Widths of a bar."""
_LEAST = {Grain.DAY: timedelta(days=14), Grain.WEEK: timedelta(weeks=8)}
"""What is shown at least: a bar alone has nothing to be compared with."""
_MOST_DAYS = 190
_FIRST = ("provider", "model", "feature", "user_id")
_WEEK = timedelta(weeks=1)
_MOST_WEEKS = 4
"""Weeks before that a window is compared with, the longer ones with fewer."""
_LEAST_COMPARED = timedelta(minutes=5)
MOST_GROWN = 6
_ROUNDING = 1e-9


def splits() -> list[str]:
    """What cost can be stacked by, those that are asked for most first; any attribute may be named besides."""
    known = [name for name, one in DIMENSIONS.items() if "llm_call" in one.kinds]
    return [*_FIRST, *(name for name in known if name not in _FIRST)]


def dimension_of(split: str | None) -> str:
    """The dimension, or the attribute, that a choice names."""
    named = (split or "").strip() or _FIRST[0]
    return named if named in splits() or named.startswith(ATTRIBUTE_PREFIX) else ATTRIBUTE_PREFIX + named


def title_of(dimension: str) -> str:
    """What a reader calls it."""
    if dimension in DIMENSIONS:
        return DIMENSIONS[dimension].title
    return wording.name(dimension.removeprefix(ATTRIBUTE_PREFIX), 40)


def by_time(dimension: str, grain: Grain) -> Callable[[View], Answer]:
    """Cost by day or week and the values of a dimension, at least of two weeks of days or eight weeks.

    Columns: `time`, the dimension, `cost`, whether the row is the rest (`IS_REST`), and all of the cost in the same
    bucket of the period before (`BEFORE`; null is no data).
    """

    def asked(view: View) -> Answer:
        width = _width(view, grain)
        wide = _from_its_beginning(widened(view, _LEAST[width]), width)
        whole = ask(replace(wide, compare=True), ("cost", "unpriced_calls"), grain=width)
        if whole.is_empty or "cost" not in whole.frame.columns:
            return whole
        ranking = ask(wide, ("cost",), by=(dimension,), grain=Grain.NONE)
        if dimension in ranking.unfit.values() or ranking.is_empty:
            return ranking if ranking.unfit else replace(whole, frame=whole.frame.select("time", "cost").clear())
        largest = tuple(_largest(ranking.frame, dimension))
        chosen = Filter(dimension=dimension, values=largest)
        parts = ask(replace(wide, filters=(*wide.filters, chosen)), ("cost",), by=(dimension,), grain=width).frame
        frame = _with_rest(parts, whole.frame, dimension, ranking.frame.height > len(largest))
        marks = _with_prices(whole.axis.changes, whole.axis.window)
        notes = [wording.unpriced(float(whole.frame["unpriced_calls"].sum() or 0)), _by_week(width, grain)]
        return replace(
            whole, frame=frame, axis=replace(whole.axis, changes=marks), note=" · ".join(filter(None, notes))
        )

    return asked


@dataclass(frozen=True)
class Grown:
    """How the cost of a range differs from that of the same weekdays before."""

    window: Window
    """The range, up to now."""
    changed: CostChanged
    weeks: int
    """How many weeks apart the windows before it lie."""
    split: str
    """The dimension of `values`."""
    values: pl.DataFrame
    """`value` and `difference` in USD, those that differ most first; what has no price is in none."""

    def real(self, difference: float) -> float:
        """A difference; 0 where it is no more than what sums over many calls gain or lose by their order."""
        sums = (self.changed.cost or 0.0) + (self.changed.before or 0.0)
        return difference if abs(difference) > _ROUNDING * sums else 0.0

    @property
    def of_factors(self) -> dict[str, float]:
        """The part of each factor in the difference, and of single dear calls."""
        return {name: self.real(part) for name, part in self.changed.of_factors.items()}


def grown(view: View, dimension: str) -> Grown:
    """What made the range dearer or cheaper than the mean of the same weekdays in the weeks before."""
    window = shown(view).window
    window = Window(start=window.start, end=max(until_now(view), window.start + _LEAST_COMPARED))
    weeks = -(-window.length // _WEEK)
    first = _first_call()
    before = [earlier(window, number * weeks, view) for number in range(1, max(_MOST_WEEKS // weeks, 1) + 1)]
    baselines = tuple(one for one in before if first is not None and first <= one.start)
    changed = answers.ask(CostChange(window=window, baselines=baselines, filters=view.filters, tz=view.tz))
    values = _values(view, dimension, window, baselines)
    return Grown(window, changed, weeks, dimension, values)


def earlier(window: Window, weeks: int, view: View) -> Window:
    """The same hours of the same weekdays so many weeks earlier, by the clock on the wall."""
    start, end = (
        (moment.astimezone(view.zone).replace(tzinfo=None) - weeks * _WEEK).replace(tzinfo=view.zone)
        for moment in (window.start, window.end)
    )
    return Window(start=start, end=end)


def dear_call_words(call: DearCall, view: View) -> str:
    """A call that is dearer than all that is usual, by its cost, moment and origin."""
    named = [call.model, call.feature, call.user_id]
    origin = ", ".join(wording.name(one, 40) for one in named if one)
    return f"One call of {wording.quantity(call.cost, 'USD', 2)}, {wording.moment(call.ts, view.zone)} ({origin})"


def _width(view: View, grain: Grain) -> Grain:
    return Grain.WEEK if shown(view).window.length > timedelta(days=_MOST_DAYS) else grain


def _by_week(width: Grain, asked: Grain) -> str:
    return "by week: these are too many days" if width is not asked else ""


def _from_its_beginning(view: View, width: Grain) -> View:
    """The same view from a Monday on, where bars are weeks; what is not over ends with now."""
    window = shown(view).window
    start = window.start.astimezone(view.zone)
    if width is Grain.WEEK:
        start = (start.replace(tzinfo=None) - timedelta(days=start.weekday())).replace(tzinfo=view.zone)
    return replace(view, range=Window(start=start, end=window.end))


def _largest(ranking: pl.DataFrame, dimension: str) -> list[str | None]:
    ranked = ranking.drop_nulls("cost").sort("cost", dimension, descending=[True, False])
    return ranked[dimension].head(MAXIMUM_PARTS).to_list()


def _with_rest(parts: pl.DataFrame, whole: pl.DataFrame, dimension: str, has_rest: bool) -> pl.DataFrame:
    """The parts, then what is left of the whole."""
    before = whole.select("time", pl.col(f"cost{PREVIOUS}").alias(BEFORE))
    named = parts.select("time", dimension, "cost", pl.lit(False).alias(IS_REST))
    known = parts.group_by("time").agg(pl.col("cost").sum().alias("known"))
    rest = whole.join(known, on="time", how="left").select(
        "time",
        pl.lit(None, pl.String).alias(dimension),
        (pl.col("cost") - pl.col("known").fill_null(0)).clip(lower_bound=0).alias("cost"),
        pl.lit(True).alias(IS_REST),
    )
    rows = pl.concat([named, rest]) if has_rest else named
    return rows.join(before, on="time", how="left", maintain_order="left")


def _with_prices(changes: pl.DataFrame | None, window: Window) -> pl.DataFrame | None:
    """The changes of a window, and those of prices among them."""
    prices = answers.ask(PriceChanges(window=window))
    if changes is None or prices.is_empty():
        return changes
    return pl.concat([changes, prices.select(changes.columns).cast(dict(changes.schema))]).sort("ts")  # pyright: ignore[reportArgumentType]


def _first_call() -> datetime | None:
    known = answers.ask(DataFreshness()).kinds
    return known["llm_call"].first if "llm_call" in known else None


def _values(view: View, dimension: str, window: Window, baselines: tuple[Window, ...]) -> pl.DataFrame:
    """By value of a dimension, the cost of a window less the mean of others."""
    schema = {"value": pl.String, "difference": pl.Float64}
    signed = [(1.0, window), *((-1 / len(baselines), one) for one in baselines)]
    frames: list[pl.DataFrame] = []
    for sign, one in signed if baselines else ():
        found = ask(replace(view, range=one, compare=False), ("cost",), by=(dimension,), grain=Grain.NONE).frame
        if "cost" in found.columns:
            frames.append(found.select(value=dimension, difference=pl.col("cost").fill_null(0) * sign))
    if not frames:
        return pl.DataFrame(schema=schema)
    sums = pl.concat(frames).group_by("value").agg(pl.col("difference").sum())
    return sums.sort(pl.col("difference").abs(), "value", descending=[True, False]).head(MOST_GROWN)
