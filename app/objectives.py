"""How a figure stands against what was promised."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.theme import Level
from metrics.settings import Slo

CRITICAL_FACTOR = 5
"""An objective missed this many times over is critical."""

BUDGET_LOW = 25
"""Percent of the error budget under which it is low."""
BURNS_FAST = 14.4
"""Burn rate at which 2 % of a month's budget go in an hour; of the SRE workbook, chapter 5."""

PRICED = ("cost", "cost_per_1k_tokens", "cost_saved")
"""Metrics that are in doubt while calls have no price."""

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
    if row.get(metric) is None and not (metric in PRICED and row.get("unpriced_calls")):
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


def _budget(row: Row, slo: Slo) -> Standing:
    del slo
    left = row["error_budget_left"] or 0.0
    level = Level.CRITICAL if left <= 0 else Level.WARNING if left < BUDGET_LOW else Level.OK
    words = "spent" if left <= 0 else "low" if left < BUDGET_LOW else "OK"
    return Standing(level, words, f"Low under {BUDGET_LOW} %, spent at 0.")


def _burning(row: Row, slo: Slo) -> Standing:
    del slo
    rate = row["burn_rate"] or 0.0
    level = Level.CRITICAL if rate >= BURNS_FAST else Level.WARNING if rate > 1 else Level.OK
    words = {Level.CRITICAL: "fast", Level.WARNING: "too fast"}.get(level, "OK")
    return Standing(level, words, f"Too fast above 1; at {BURNS_FAST} a month's budget is gone within two days.")


def _repaired(row: Row, slo: Slo) -> Standing:
    return _at_most("mttr_mean", slo.mttr_minutes, "min", row)


_JUDGES: Mapping[str, Callable[[Row, Slo], Standing]] = {
    "uptime": _uptime,
    "success_rate": _success,
    "response_time_p95": lambda row, slo: _at_most("response_time_p95", slo.latency_ms, "ms", row),
    "error_rate": lambda row, slo: _at_most("error_rate", slo.error_rate_percent, "%", row),
    **dict.fromkeys(PRICED, _priced),
    "error_budget_left": _budget,
    "burn_rate": _burning,
    "mttr_mean": _repaired,
}
