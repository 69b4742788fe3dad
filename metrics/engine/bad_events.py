"""The events that a metric counts as bad, read from its formula and its measures."""

import re
from dataclasses import dataclass

from metrics.catalog import Metric
from metrics.catalog.model import Additive, Quantile

_QUOTIENT = " / nullif("
_DIVISOR = ", 0)"
_COUNT = re.compile(r"count\((?P<column>\*|\w+)\)(?: FILTER \(WHERE (?P<condition>.*)\))?", re.DOTALL)


@dataclass(frozen=True)
class Ratio:
    """A formula that divides, in its parts."""

    above: str
    below: str

    @classmethod
    def of(cls, metric: Metric) -> "Ratio | None":
        """The parts of a metric's formula; None when it does not divide."""
        above, quotient, below = metric.formula.partition(_QUOTIENT)
        return cls(above, below.removesuffix(_DIVISOR)) if quotient and below.endswith(_DIVISOR) else None


def bad_events(metric: Metric) -> str:
    """SQL that holds for the events the metric counts as bad; empty when it knows no such thing.

    Bad are the events counted by the dividend of a percentage that should be low and by a count that should be low; and
    those that a percentage which should be high leaves out of its dividend.
    """
    conditions = {m.name: _condition(m) for m in metric.measures if isinstance(m, Additive)}
    ratio = Ratio.of(metric)
    if ratio is None:
        alone = conditions.get(metric.formula, "") if metric.direction == "down" else ""
        return "" if alone == "true" else alone
    counted = [name for name in conditions if re.search(rf"\b{name}\b", ratio.above)]
    if metric.unit != "%" or metric.direction == "neutral" or not all(conditions[name] for name in counted):
        return ""
    left_out = [name for name in counted if name != ratio.below]
    either = " OR ".join(f"({conditions[name]})" for name in left_out)
    if metric.direction == "down" or ratio.below in counted:
        return either
    return f"({conditions[ratio.below]}) AND NOT coalesce({either}, false)" if conditions.get(ratio.below) else ""


def bad_or_slow(metric: Metric, above: float | None) -> str:
    """The same; of a percentile those above a duration in ms, where one is given."""
    (first, *others) = metric.measures
    if isinstance(first, Quantile) and not others and above is not None:
        where = f" AND ({first.where})" if first.where else ""
        return f"{first.column} > {float(above)!r}{where}"
    return bad_events(metric)


def _condition(measure: Additive) -> str:
    """SQL that holds for the events that a measure counts; empty when it does not count."""
    count = _COUNT.fullmatch(measure.sql)
    if count is None:
        return ""
    column = [] if count["column"] == "*" else [f"{count['column']} IS NOT NULL"]
    condition = [f"({count['condition']})"] if count["condition"] else []
    return " AND ".join((*column, *condition)) or "true"
