"""A rule that begins with a figure: its metric, its filters, and what is usual as the threshold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alerts.rules.writing import as_yaml
from app.queries import ruling
from app.queries.asking import ask, shown
from app.queries.rule_editing import EXAMPLE
from app.source import source
from app.state import View
from metrics.catalog import Metric
from metrics.engine.query import Filter, Grain, Window

USUAL = timedelta(days=7)
"""What is usual is the median over so long, up to the end of what the page shows."""


def begun(metric: str, by: Sequence[str], view: View) -> str:
    """The YAML of a rule over a metric, an instance a value of the dimensions; an example where there is none such.

    What the filters of a rule cannot say, and a threshold that is not known, stand in its description.
    """
    known = source().engine.metrics.get(metric)
    if known is None:
        return EXAMPLE
    window = "1d" if known.days_back else "1h"
    usual = _usual(metric, by, Grain.DAY if known.days_back else Grain.HOUR, view)
    return as_yaml(document(known, by, window, view.filters, usual, ruling.in_force()))


def document(
    metric: Metric,
    by: Sequence[str],
    window: str,
    filters: Sequence[Filter],
    usual: float | None,
    taken: Collection[str],
) -> Mapping[str, Any]:
    """A rule as its file has it: what is worse than `usual` fires. Its id is none of those that are taken."""
    worse = ("<", "below") if metric.direction == "up" else (">", "above")
    where = {one.dimension: [*one.values] for one in filters if _can_be_said(one)}
    said = [f"Left out, because a rule cannot say it: {one.dimension} {one.operator}" for one in filters]
    said = [words for words, one in zip(said, filters, strict=True) if not _can_be_said(one)]
    said += [] if usual is not None else [f"The threshold is not known: no value in {USUAL.days} days."]
    stem = f"{metric.name.replace('_', '-')}-{worse[1]}-usual"
    numbers = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return {
        "id": stem if stem not in taken else next(one for one in numbers if one not in taken),
        "name": f"{metric.title} {worse[1]} its usual value",
        "priority": "P3",
        "metric": metric.name,
        **({"by": list(by)} if by else {}),
        **({"where": where} if where else {}),
        "window": window,
        "condition": {"operator": worse[0], "threshold": float(f"{usual or 0:.4g}"), "duration": window},
        **({"description": " ".join(said)} if said else {}),
    }


def _usual(metric: str, by: Sequence[str], grain: Grain, view: View) -> float | None:
    """The median of what a window of the rule holds, over all values of the dimensions."""
    end = shown(view).window.end
    before = replace(view, range=Window(start=end - USUAL, end=end), compare=False)
    found = ask(before, (metric,), tuple(by), grain)
    if found.is_empty or metric not in found.frame.columns:
        return None
    values = found.frame[metric].drop_nulls()
    median = values.median()
    return float(median) if isinstance(median, int | float) else None


def _can_be_said(one: Filter) -> bool:
    return one.operator == "in" and None not in one.values
