"""What is unusual, where things are heading, and how true such words were on the data at hand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from app import answers, wording
from app.charts.axis import TimeAxis
from app.queries import promises
from app.queries.asking import Answer, ask, shown
from app.source import source
from app.state import View
from metrics.engine import DataFreshness
from metrics.engine.query import Grain, Query, Window
from metrics.events.pricing import PriceBook
from metrics.insights.ahead import LEVEL, Ahead, Limit, Lookout, ahead
from metrics.insights.anomalies import Findings, findings
from metrics.insights.causes import explain
from metrics.insights.causes.words import Told, told
from metrics.insights.measured import HISTORIES, NothingMeasured, series_of
from metrics.insights.regular import UnusableSeries
from metrics.insights.savings import Savings, savings
from metrics.insights.unusual import Place, Unusual, Watching, unusual

AROUND = timedelta(days=2)
"""Shown before and after something unusual."""
FULL = 90.0
"""Percent from which on a resource counts as used up."""
RATE_LIMITED = 1.0
"""Percent of calls that may be refused for their number before a provider's limit counts as reached."""
HOURS_SHOWN = timedelta(days=21)
"""Longer than this, days are judged instead of hours."""
_HOUR = timedelta(hours=1)


def watching(view: View) -> Watching:
    """What was unusual in the window shown, in whole hours."""
    window = _whole_hours(shown(view).window)
    return answers.kept(f"unusual@{_as_of(view)}", lambda: unusual(source().engine, window, view.filters, view.tz))


def why(one: Unusual, view: View) -> Told:
    """What explains something unusual, in sentences."""

    def explained() -> Told:
        engine, span = source().engine, one.clearest
        filters = (*view.filters, *one.place.filters)
        question = Query(metrics=(one.place.metric,), window=span, filters=filters, tz=view.tz)
        return told(explain(engine, question, span), engine.metrics, view.tz, wording.MOMENT_AND_ZONE)

    return answers.kept(f"causes@{one}@{_as_of(view)}", explained)


def lookout(view: View) -> Lookout:
    """Where metrics are heading from the end of the window shown."""
    current = source()
    end, holidays = min(shown(view).window.end, current.now()), current.settings.days_off
    return answers.kept(
        f"ahead@{_as_of(view)}",
        lambda: ahead(current.engine, limits(), end, view.filters, view.tz, holidays=holidays),
    )


def saving(view: View) -> Savings:
    """What could be saved, by the calls of the thirty days before the end of the window shown."""
    current = source()
    end, file = min(shown(view).window.end, current.now()), current.settings.home / "prices.yaml"
    return answers.kept(
        f"savings@{_as_of(view)}", lambda: savings(current.engine, PriceBook.load(file), end, view.filters)
    )


def limits() -> Sequence[Limit]:
    """What is watched, with the limits that the settings have for it."""
    slo = source().settings.slo
    return (
        Limit("response_time_p95", slo.latency_ms),
        Limit("error_rate", slo.error_rate_percent),
        Limit("storage_utilization", FULL),
        Limit("memory_utilization", FULL),
        Limit("cpu_usage", FULL),
        Limit("llm_rate_limited_rate", RATE_LIMITED),
        Limit("cost"),
        Limit("tokens"),
        Limit("requests"),
        Limit("dau"),
    )


def window_around(one: Unusual) -> Window:
    """What was unusual, with what was before and after it."""
    return Window(start=one.start - AROUND, end=one.end + AROUND)


def around(one: Unusual, view: View) -> View:
    """The view in which it is seen."""
    return replace(view, range=window_around(one), compare=False)


def carried_on(one: Ahead, view: View) -> Answer:
    """A metric by the day, as it was and as it is expected to be."""
    name = one.limit.metric
    names = {"ts": "time", "value": name, "expected": f"{name}_projection", "low": f"{name}_projection_low",
             "high": f"{name}_projection_high"}  # fmt: skip
    frame = one.frame.rename(names)
    window = Window(start=frame["time"][0], end=frame["time"][-1])
    return Answer(frame, TimeAxis(window, view.tz, Grain.DAY, metrics=source().engine.metrics), note=f"by {one.model}")


def trust(view: View) -> pl.DataFrame:
    """How true words of this kind were here: `What`, `Promised`, `Here` and `Measured by`, a row each."""
    rows = [*_forecasts_held(lookout(view)), *_alarms(watching(view)), _false_alerts()]
    return pl.DataFrame(rows, schema=["What", "Promised", "Here", "Measured by"], orient="row")


def _forecasts_held(found: Lookout) -> Iterator[tuple[str, str, str, str]]:
    held = [one.held for one in found.found if one.held is not None]
    if held:
        yield (
            "Bands of forecasts", f"hold {LEVEL} % of days", f"{sum(held) / len(held):.0f} %",
            f"last week's days of {len(held)} metrics, as they were told before it",
        )  # fmt: skip
    ratios = sorted(one.to_naive for one in found.found if one.to_naive is not None)
    if ratios:
        better = sum(ratio < 1 for ratio in ratios)
        yield (
            "Forecasts", "better than repeating the last week", f"{better} of {len(ratios)} metrics",
            f"error over the last week; in the middle {ratios[len(ratios) // 2]:.2f} of repeating",
        )  # fmt: skip


def _alarms(found: Watching) -> Iterator[tuple[str, str, str, str]]:
    if found.a_week is not None:
        yield (
            "Anomalies", "about 1 false a week and series", f"{found.a_week:.1f} a week and series",
            f"all that were found in {found.looked_at} series over the 60 days before, true ones included",
        )  # fmt: skip


def _false_alerts() -> tuple[str, str, str, str]:
    kept = promises.false_alerts()
    return kept.title, kept.promise, wording.quantity(kept.value, kept.unit, kept.decimals), kept.basis


def judged(place: Place) -> Callable[[View], Answer]:
    """A metric by the hour with what was expected of it: `<metric>_expected`, `_low`, `_high` and `_unusual`.

    The last is the value where it was an anomaly. Where it cannot be judged, the answer says why.
    """

    def found(view: View) -> Answer:
        name = place.metric
        there = replace(view, compare=False, filters=(*view.filters, *place.filters))
        window = shown(there).window
        grain = Grain.HOUR if window.length <= HOURS_SHOWN else Grain.DAY
        plain = ask(there, (name,), grain=grain)
        if plain.is_empty:
            return plain
        history = Window(start=min(window.start, window.end - HISTORIES[grain]), end=window.end)

        def found_there() -> Findings:
            series, until = series_of(source().engine, name, history, grain, there.filters, view.tz)
            return findings(series, tz=view.tz, until=until)

        try:
            known = answers.kept(f"judged@{name}@{grain}@{_as_of(there)}", found_there)
        except (NothingMeasured, UnusableSeries) as why:
            return replace(plain, note=f"cannot be judged: {why}")
        least = None if (known.frame["value"] < 0).any() else 0.0
        beside = known.frame.select(
            pl.col("ts").alias("time"),
            *(pl.col(end).clip(lower_bound=least).alias(f"{name}_{end}") for end in ("expected", "low", "high")),
            pl.when("is_anomaly").then("value").alias(f"{name}_unusual"),
        )
        frame = plain.frame.join(beside, on="time", how="left")
        return replace(plain, frame=frame, note="; ".join(known.remarks))

    return found


def _as_of(view: View) -> str:
    """What an answer depends on: the home, its settings, the hour, and from when to when there are events."""
    current, known = source(), answers.ask(DataFreshness())
    window = _whole_hours(shown(view).window)
    newest = known.last.replace(minute=0, second=0, microsecond=0) if known.last else None
    return (
        f"{current.settings.home}@{current.own_metrics}@{current.settings_version}@{window}@{known.first}@{newest}"
        f"@{view.filters}@{view.tz}"
    )


def _whole_hours(window: Window) -> Window:
    end = _floor(window.end)
    return Window(start=min(_floor(window.start), end - _HOUR), end=end)


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
