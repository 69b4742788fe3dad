"""A series that an alert rule watches: with its threshold, when it was firing, and what happened meanwhile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from app import theme, wording
from app.charts.axis import TimeAxis, draw_changes, drawing
from app.charts.drawing import OVERLAY_AXIS, Drawing
from app.charts.picture import Picture
from app.charts.units import mark_unit
from app.charts.words import label, plain

MAXIMUM_LINES = 8
MAXIMUM_SPANS = 200
"""Spans drawn at most: the newest."""
_VALUE = "value"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in which something was so."""

    start: datetime
    end: datetime
    kind: str
    """firing or pending."""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened."""

    at: datetime
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """What is drawn beside the series."""

    title: str
    unit: str = ""
    decimals: int = 1
    threshold: float | None = None
    """A fixed line; a learned band is in the frame."""
    threshold_text: str = ""
    """`> 5 % for 5m`."""
    spans: Sequence[Span] = ()
    moments: Sequence[Moment] = ()
    height: int = theme.CHART_HEIGHT
    levels: Sequence[str] = ()
    """Names of the values 0, 1, 2, … of what is a state and no quantity."""
    value_title: str = ""
    """What the value of an alert is, where that is something made of the metric."""
    signed: bool = False
    """Whether a value is written with its sign, as a change is."""
    of_the_metric: bool = True
    """Whether the threshold is one of the metric itself, and not of how much it changed or burned."""

    def written(self, value: float | None) -> str:
        """A value with its unit, or the state that it stands for."""
        if self.levels and value is not None and 0 <= value < len(self.levels):
            return self.levels[int(value)]
        sign = "+" if self.signed and value is not None and value > 0 else ""
        return sign + wording.quantity(value, self.unit, self.decimals)


def series(frame: pl.DataFrame, axis: TimeAxis, watch: Watch) -> Picture:
    """Lines of `time`, `instance`, `value` (and `low`, `high` where the rule learned a band), threshold and spans.

    Of many instances, the eight that reach highest are drawn.
    """
    drawn = drawing(axis, watch.height)
    highest = frame.group_by("instance").agg(pl.col(_VALUE).max().alias("most"))
    ranking = highest.sort("most", "instance", descending=[True, False], nulls_last=True)
    shown: list[str] = ranking["instance"].head(MAXIMUM_LINES).to_list()
    for index, name in enumerate(shown):
        part = frame.filter(pl.col("instance") == name).sort("time")
        if index == 0 and len(shown) == 1 and "low" in frame.columns:
            _draw_band(drawn, part, axis)
        _draw_line(drawn, part, axis, watch, name, index, alone=len(shown) == 1)
    _draw_threshold(drawn, axis, watch)
    _draw_spans(drawn, axis, watch.spans)
    _draw_moments(drawn, axis, watch.moments)
    draw_changes(drawn, axis)
    mark_unit(drawn, watch.unit, _with_threshold(frame, watch), [_VALUE])
    return Picture(drawn.figure(), _alt(frame, watch, shown, ranking.height))


def spark(values: Sequence[float | None], watch: Watch, on_dark: bool) -> Picture:
    """The newest values against the threshold, as small as a word."""
    drawn = Drawing(theme.SPARK_HEIGHT)
    places = list(range(len(values)))
    drawn.scatter(
        x=places, y=list(values), mode="lines", line={**theme.WATCHED.line, "width": 2}, hoverinfo="skip",
        name=plain(watch.title),
    )  # fmt: skip
    last = next((place for place in reversed(places) if values[place] is not None), None)
    if last is not None:
        drawn.scatter(
            x=[last], y=[values[last]], mode="markers", marker={"size": 7, "color": theme.FIRING_SPAN},
            hoverinfo="skip", cliponaxis=False, name="now",
        )  # fmt: skip
    if watch.threshold is not None and watch.of_the_metric and places:
        drawn.scatter(
            x=[0, max(places[-1], 1)], y=[watch.threshold] * 2, mode="lines", line=theme.THRESHOLD.line,
            hoverinfo="skip", name="threshold",
        )  # fmt: skip
    drawn.layout |= {"showlegend": False, "margin": {"l": 2, "r": 8, "t": 6, "b": 6, "pad": 0}, "hovermode": False}
    drawn.x |= {"visible": False, "fixedrange": True}
    drawn.y |= {"visible": False, "rangemode": "normal"}
    drawn.layout["uirevision"] = "dark" if on_dark else "light"
    return Picture(drawn.figure(), _spark_alt(values, watch))


def _draw_line(
    drawn: Drawing, part: pl.DataFrame, axis: TimeAxis, watch: Watch, name: str, index: int, alone: bool
) -> None:
    stroke = theme.WATCHED if alone else theme.SERIES[index % len(theme.SERIES)]
    present = part[_VALUE].is_not_null()
    neighbors = present.shift(1, fill_value=False) | present.shift(-1, fill_value=False)
    drawn.scatter(
        x=axis.local(part["time"]), y=part[_VALUE].to_list(), name=label(name or watch.title, 30),
        # A line alone would not show a value that has no neighbor.
        mode="lines+markers" if (present & ~neighbors).any() else "lines", marker={"size": 4}, line=stroke.line,
        text=[watch.written(value) for value in part[_VALUE]], hovertemplate="%{text}",
    )  # fmt: skip


def _draw_band(drawn: Drawing, part: pl.DataFrame, axis: TimeAxis) -> None:
    times = axis.local(part["time"])
    for bound, fill in (("low", {}), ("high", {"fill": "tonexty", "fillcolor": theme.BAND})):
        drawn.scatter(
            x=times, y=part[bound].to_list(), mode="lines", line={"width": 0}, hoverinfo="skip", name="usual",
            showlegend=bound == "high", **fill,
        )  # fmt: skip


def _draw_threshold(drawn: Drawing, axis: TimeAxis, watch: Watch) -> None:
    if watch.threshold is None:
        return
    drawn.scatter(
        x=axis.ends(), y=[watch.threshold] * 2, mode="lines", line=theme.THRESHOLD.line, hoverinfo="skip",
        name=plain(f"threshold {watch.written(watch.threshold)}"),
    )  # fmt: skip


_SPANS: Mapping[str, str] = {"pending": theme.PENDING_SPAN, "firing": theme.FIRING_SPAN}


def _draw_spans(drawn: Drawing, axis: TimeAxis, spans: Sequence[Span]) -> None:
    """Shaded from bottom to top, and firing ones with a bar at the top, so that short ones are seen too."""
    for kind, color in _SPANS.items():
        chosen = sorted((span for span in spans if span.kind == kind), key=lambda span: span.start)[-MAXIMUM_SPANS:]
        if not chosen:
            continue
        starts, ends = (_local(axis, [getattr(span, end) for span in chosen]) for end in ("start", "end"))
        for start, end in zip(starts, ends, strict=True):
            drawn.shape(
                type="rect", x0=start, x1=end, fillcolor=color, opacity=theme.SPAN_OPACITY[kind], line={"width": 0}
            )
        height = 1.0 if kind == "firing" else 0.965
        drawn.scatter(
            x=[place for start, end in zip(starts, ends, strict=True) for place in (start, end, None)],
            y=[height, height, None] * len(chosen),
            yaxis="y8", mode="lines+markers", marker={"size": 4, "symbol": "square", "color": color},
            line={"color": color, "width": 4 if kind == "firing" else 2}, name=kind, cliponaxis=False,
            text=[words for span in chosen for words in [_span_words(span, axis)] * 3],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
        drawn.layout["yaxis8"] = OVERLAY_AXIS


def _draw_moments(drawn: Drawing, axis: TimeAxis, moments: Sequence[Moment]) -> None:
    for kind, (color, symbol) in theme.MOMENTS.items():
        chosen = [moment for moment in moments if moment.kind == kind]
        if not chosen:
            continue
        drawn.scatter(
            x=_local(axis, [moment.at for moment in chosen]), y=[0.03] * len(chosen), yaxis="y7", mode="markers",
            marker={"symbol": symbol, "size": 9, "color": color, "line": {"width": 1.5, "color": color}}, name=kind,
            text=[plain(wording.name(moment.text, 140)) for moment in chosen],
            hovertemplate="%{text}<extra></extra>", cliponaxis=False,
        )  # fmt: skip
        drawn.layout["yaxis7"] = OVERLAY_AXIS


def _local(axis: TimeAxis, moments: Sequence[datetime]) -> list[str | None]:
    return axis.local(pl.Series(moments, dtype=pl.Datetime("us", "UTC")))


def _span_words(span: Span, axis: TimeAxis) -> str:
    where = f"{label(span.instance, 60)} " if span.instance else ""
    lasted = wording.span(span.end - span.start)
    return f"{where}{span.kind} {wording.between(span.start, span.end, axis.zone)} ({lasted})"


def _with_threshold(frame: pl.DataFrame, watch: Watch) -> pl.DataFrame:
    """The values with the threshold as one of them: the axis must have room and unit for both."""
    values = [*frame[_VALUE].drop_nulls().cast(pl.Float64), *([watch.threshold] if watch.threshold is not None else [])]
    return pl.DataFrame({_VALUE: pl.Series(values, dtype=pl.Float64)})


def _range_words(values: Sequence[float], watch: Watch) -> str:
    if not values:
        return "no data"
    return f"{watch.written(min(values))} to {watch.written(max(values))}, last {watch.written(values[-1])}"


def _threshold_words(watch: Watch) -> str:
    return f" Threshold: {watch.threshold_text}." if watch.threshold_text else ""


def _alt(frame: pl.DataFrame, watch: Watch, shown: Sequence[str], count: int) -> str:
    values = [float(value) for value in frame.sort("time")[_VALUE].drop_nulls()]
    of = f" of {count} instances, the {len(shown)} highest" if count > len(shown) else ""
    firing = sum(span.kind == "firing" for span in watch.spans)
    fired = f" Firing {firing} times." if firing else " Never firing." if watch.threshold_text else ""
    return f"{watch.title}{of} over time: {_range_words(values, watch)}.{_threshold_words(watch)}{fired}"


def _spark_alt(values: Sequence[float | None], watch: Watch) -> str:
    known = [value for value in values if value is not None]
    return f"{watch.title}, newest values: {_range_words(known, watch)}.{_threshold_words(watch)}"
