"""How a figure stands against what was promised."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.theme import Level
from metrics.settings import Slo

CRITICAL_FACTOR = 5
"""An objective missed this many times over is critical."""

Row = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """A level, and the words for it where its own are not enough."""

    level: Level
    words: str
    objective: str = ""
    """What was promised, as a sentence."""


def standing(metric: str, row: Row, slo: Slo) -> Standing:
    """How `metric` stands; `row` holds it and what its judgment needs (`unpriced_calls` beside `cost`)."""
    if row.get(metric) is None and not (metric == "cost" and row.get("unpriced_calls")):
        return Standing(Level.NO_DATA, Level.NO_DATA)
    judge = _JUDGES.get(metric)
    return judge(row, slo) if judge else Standing(Level.OK, "")


def _at_most(metric: str, objective: float, unit: str, row: Row) -> Standing:
    value = row[metric] or 0.0
    level = Level.OK if value <= objective else Level.WARNING
    level = Level.CRITICAL if value >= CRITICAL_FACTOR * objective and value > objective else level
    return Standing(
        level, level, f"Objective: at most {objective:g} {unit}; critical from {CRITICAL_FACTOR * objective:g}."
    )


def _uptime(row: Row, slo: Slo) -> Standing:
    target = slo.availability_target
    missing = _at_most("down", 100 - target, "%", {"down": 100 - (row["uptime"] or 0.0)})
    limit = 100 - CRITICAL_FACTOR * (100 - target)
    return Standing(missing.level, missing.words, f"Objective: at least {target:g} %; critical under {limit:g} %.")


def _success(row: Row, slo: Slo) -> Standing:
    failed = {"error_rate": 100 - (row["success_rate"] or 0.0)}
    return _at_most("error_rate", slo.error_rate_percent, "% failed", failed)


def _priced(row: Row, slo: Slo) -> Standing:
    unpriced = row.get("unpriced_calls") or 0.0
    if unpriced:
        return Standing(Level.WARNING, f"{unpriced:,.0f} unpriced", "Calls without a price are not part of the cost.")
    return Standing(Level.OK, "All priced")


_JUDGES: Mapping[str, Callable[[Row, Slo], Standing]] = {
    "uptime": _uptime,
    "success_rate": _success,
    "response_time_p95": lambda row, slo: _at_most("response_time_p95", slo.latency_ms, "ms", row),
    "error_rate": lambda row, slo: _at_most("error_rate", slo.error_rate_percent, "%", row),
    "cost": _priced,
}
