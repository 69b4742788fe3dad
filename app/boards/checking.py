"""Whether an item fits what there is: its metrics and dimensions the catalog, its figure its question."""

from collections.abc import Iterator, Mapping, Sequence

from app.boards.model import Figure, Item
from metrics.catalog import Metric
from metrics.catalog.dimensions import misfits
from metrics.engine.query import Grain
from metrics.events.entries import Place, nearest

MOST_LINES = 5
"""Metrics that one figure tells apart."""
Complaint = tuple[Place, str]
"""Where in an item, and what is wrong there."""


def complaints(item: Item, metrics: Mapping[str, Metric]) -> Iterator[Complaint]:
    """What an item has that the catalog does not; and where that is nothing, why its figure cannot draw it."""
    wrong = [*_of_metrics(item, metrics), *_of_dimensions(item, metrics)]
    yield from wrong
    if not wrong and (said := misfit(item, metrics)):
        yield ("figure",), said


def misfit(item: Item, metrics: Mapping[str, Metric]) -> str:
    """Why the figure of an item, whose metrics are known, cannot draw its question; empty where it can."""
    asked, over_time = [metrics[name] for name in item.metrics], item.bucket is not Grain.NONE
    match item.figure:
        case Figure.TABLE:
            return ""
        case Figure.NUMBER:
            return "a number has neither `by` nor a grain" if item.by or over_time else ""
        case Figure.LINE:
            return (
                "a line goes over time: `grain: none` leaves it no time" if not over_time else _of_series(item, asked)
            )
        case Figure.BAR:
            return _of_bars(item, asked, over_time)
        case Figure.HEAT_MAP:
            return "" if over_time and _is_split(item) else "a heat map is of one metric by one dimension over time"
        case Figure.DOUGHNUT:
            if over_time or not _is_split(item):
                return "a doughnut is of one metric by one dimension, without a grain"
            return _unless_parts(asked[0])


def _of_series(item: Item, asked: Sequence[Metric]) -> str:
    """Why metrics cannot be drawn along one axis."""
    units = dict.fromkeys(metric.unit or "no unit" for metric in asked)
    if len(units) > 1:
        return f"one axis has one unit, and these have {' and '.join(units)}: make a figure of each, or a table"
    if len(asked) > 1 and item.by:
        return "of several metrics there is one line each: leave `by` out, or make a figure of each metric"
    return f"at most {MOST_LINES} metrics can be told apart in one figure" if len(asked) > MOST_LINES else ""


def _of_bars(item: Item, asked: Sequence[Metric], over_time: bool) -> str:
    if not over_time:
        return "" if item.by and len(asked) == 1 else "bars are of one metric by dimensions, or over time with a grain"
    if len(item.by) > 1:
        return "bars over time are split by one dimension"
    is_stacked = item.by or len(asked) > 1
    return _of_series(item, asked) or next(filter(None, map(_unless_parts, asked if is_stacked else ())), "")


def _unless_parts(metric: Metric) -> str:
    return "" if metric.adds_up else f"{metric.name} cannot be added up, so it has no parts: a line shows it"


def _is_split(item: Item) -> bool:
    return len(item.metrics) == 1 and len(item.by) == 1


def _of_metrics(item: Item, metrics: Mapping[str, Metric]) -> Iterator[Complaint]:
    for number, name in enumerate(item.metrics):
        if name not in metrics:
            yield ("metrics", number), f"{name!r} is no metric{nearest(name, metrics)}"
        elif name in item.metrics[:number]:
            yield ("metrics", number), f"{name} is given twice"


def _of_dimensions(item: Item, metrics: Mapping[str, Metric]) -> Iterator[Complaint]:
    known = [metrics[name] for name in item.metrics if name in metrics]
    named = [(("by", number), name) for number, name in enumerate(item.by)]
    named += [(("filters", number), one.dimension) for number, one in enumerate(item.chosen)]
    for place, name in named:
        said = next((said for metric in known for said in misfits(name, metric)), "")
        if said:
            yield place, said
        elif place[0] == "by" and name in item.by[: place[1]]:
            yield place, f"{name} is given twice"
