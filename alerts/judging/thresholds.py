"""A rule's threshold in words and as a number to draw; and what is compared with it: its name, its unit, its value."""

from collections.abc import Callable, Mapping
from typing import Any

from alerts.judging.conditions import BURNS
from alerts.rules import Absent, AlertRule, Anomaly, Budget, BurnRate, Change, Composite, Dynamic, Forecast, Static
from alerts.rules.durations import written

_SAID: Mapping[str, str] = {"==": "is", "!=": "is not"}
"""Operators that are no sign outside of programs."""


def threshold_text(rule: AlertRule, unit: str = "") -> str:
    """`> 5 % for 5m`: what must be so, and for how long, before the rule fires. `unit` is the metric's."""
    said = _TEXTS[rule.condition.kind](rule.condition, unit)
    duration = rule.condition.duration
    said += f" over {written(rule.over)}" if rule.over else ""
    return f"{said} for {written(duration)}" if duration else said


def threshold_value(rule: AlertRule) -> float | None:
    """Where a line is drawn into the figure of what is compared; None where there is no one line."""
    condition = rule.condition
    if isinstance(condition, BurnRate):
        return (condition.burns or BURNS)[0].rate
    if isinstance(condition, Budget):
        return condition.percent
    threshold = getattr(condition, "threshold", None)
    return threshold if isinstance(threshold, float) else None


def compared_unit(rule: AlertRule, unit: str = "") -> str:
    """The unit of what is compared with the threshold, which is an instance's value. `unit` is the metric's."""
    return {"change": "%", "burn_rate": "×", "budget": "%"}.get(rule.condition.kind, unit)


def compared_title(rule: AlertRule, title: str) -> str:
    """What the value of an instance is called, where `title` is the metric's: `Cost, change against 7d earlier`."""
    return title + _NAMES.get(rule.condition.kind, _nothing)(rule.condition)


def compared_text(rule: AlertRule, text: str, value: float) -> str:
    """A value as a part of a sentence: `+110 % against 7d earlier`, where `text` is the value with its unit."""
    signed = f"+{text}" if isinstance(rule.condition, Change) and value > 0 else text
    return signed + _PHRASES.get(rule.condition.kind, _nothing)(rule.condition)


def _number(value: float | str, unit: str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.10g} {unit}".rstrip()


def _static(condition: Static, unit: str) -> str:
    return f"{_SAID.get(condition.operator, condition.operator)} {_number(condition.threshold, unit)}"


def _dynamic(condition: Dynamic, unit: str) -> str:
    del unit
    side = {"up": "above", "down": "below", "both": "outside of"}[condition.direction]
    return f"{side} what is usual at this hour of the week ({condition.sensitivity} sensitivity)"


def _anomaly(condition: Anomaly, unit: str) -> str:
    del unit
    method = "" if condition.method == "auto" else f"{condition.method}, "
    return f"unlike what is usual ({method}{condition.sensitivity} sensitivity)"


def _forecast(condition: Forecast, unit: str) -> str:
    return f"{condition.operator} {_number(condition.threshold, unit)} within {written(condition.horizon)}"


def _absent(condition: Absent, unit: str) -> str:
    del unit
    return "no data" if condition.expected is None else f"no data where {condition.expected:g} events were expected"


def _burn_rate(condition: BurnRate, unit: str) -> str:
    del unit
    burns = " or ".join(
        f"{burn.rate:g} × over {written(burn.long)} and {written(burn.short)}" for burn in condition.burns or BURNS
    )
    return f"error budget of {condition.objective:g} % spent > {burns}"


def _change(condition: Change, unit: str) -> str:
    said = f"{condition.operator} {condition.threshold:+g} % against {written(condition.against)} earlier"
    if condition.at_least is not None:
        said += f", from {_number(condition.at_least, unit)} on"
    if condition.otherwise is not None:
        said += (
            f" (in the first {written(condition.against)} {condition.operator} {_number(condition.otherwise, unit)})"
        )
    return said


def _budget(condition: Budget, unit: str) -> str:
    return f"> {condition.percent:g} % of {_number(condition.amount, unit)} a {condition.period}"


def _composite(condition: Composite, unit: str) -> str:
    del unit
    return f"{' and '.join(condition.all) or ' or '.join(condition.any)} firing"


def _nothing(condition: Any) -> str:
    del condition
    return ""


_NAMES: Mapping[str, Callable[[Any], str]] = {
    "change": lambda condition: f", change against {written(condition.against)} earlier",
    "burn_rate": lambda _: ", burn rate of its error budget",
    "forecast": lambda condition: f", expected within {written(condition.horizon)}",
    "budget": lambda condition: f", share of the {condition.period}'s budget by its end",
}
"""What a condition makes of its metric, by kind; one that is not here compares the metric itself."""
_PHRASES: Mapping[str, Callable[[Any], str]] = {
    "change": lambda condition: f" against {written(condition.against)} earlier",
    "burn_rate": lambda _: " the pace that the error budget allows",
    "forecast": lambda condition: f" expected within {written(condition.horizon)}",
    "budget": lambda condition: f" of the {condition.period}'s budget by its end",
}
"""The same, behind a value."""
_TEXTS: Mapping[str, Callable[[Any, str], str]] = {
    "static": _static, "dynamic": _dynamic, "anomaly": _anomaly, "forecast": _forecast, "absent": _absent,
    "burn_rate": _burn_rate, "change": _change, "budget": _budget,
    "composite": _composite,
}  # fmt: skip
