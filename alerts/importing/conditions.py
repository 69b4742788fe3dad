"""A PromQL expression that alerts, as what a rule of this house says: metric, labels, window and condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import isclose
from typing import Any

import promql_parser as promql

from alerts.importing.meanings import Meaning, Values, dimension_of, narrowed
from alerts.importing.quantities import CannotBeSaid, Quantity, Recorded, bare, quantity
from alerts.rules.durations import written
from alerts.rules.model import NONE, WINDOWS

_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_STALE = timedelta(minutes=5)
"""For how long Prometheus takes the last sample of a series for the newest."""
_FORECAST_FROM = timedelta(hours=6)
_DIGITS = 12
ALL_CODES = 100
"""More values of a dimension than these are not listed: they are no choice of some any more."""


@dataclass(frozen=True)
class Said:
    """What an expression says, as keys of a rule."""

    metric: str
    by: tuple[str, ...]
    where: Mapping[str, Any]
    window: timedelta
    condition: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    """What is not quite the same here."""
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Unmapped(CannotBeSaid):
    """An expression over metrics of Prometheus of which nobody has told what they are here."""

    def __init__(self, names: Sequence[str], known: bool, expression: str) -> None:
        what = "in this form is" if known else f"{'is' if len(names) == 1 else 'are'}"
        super().__init__(
            f"what {' and '.join(names)} {what} is not known: say so in the file of --metrics, such as "
            f"`- {{metric: …, expr: {expression!r}}}` below `metrics:`"
        )
        self.names = tuple(names)
        self.expression = expression


@dataclass(frozen=True)
class Reader:
    """What expressions are read by."""

    meanings: Sequence[Meaning]
    labels: Mapping[str, str | None]
    recorded: Recorded

    def said(self, text: promql.Expr, interval: timedelta, lasting: timedelta) -> Said:
        """What an expression says that is evaluated every `interval` and must hold for `lasting`.

        Raises CannotBeSaid.
        """
        top = bare(text)
        if isinstance(top, promql.Call) and top.func.name in ("absent", "absent_over_time"):
            return self._absent(top, lasting)
        if not isinstance(top, promql.BinaryExpr):
            raise CannotBeSaid("compares nothing: any value alerts, and a rule here has a threshold")
        operator = str(top.op)
        if operator in ("and", "or", "unless"):
            raise CannotBeSaid(f"joins two conditions by {operator}: make them two rules, and a `composite` of both")
        if operator not in _FLIPPED:
            raise CannotBeSaid("compares nothing: any value alerts, and a rule here has a threshold")
        if top.modifier is not None and top.modifier.return_bool:
            raise CannotBeSaid("compares with `bool`: it is always there, and would always alert")
        left, right = quantity(top.lhs, self.recorded), quantity(top.rhs, self.recorded)
        if left.is_constant == right.is_constant:
            raise CannotBeSaid("compares two metrics; a rule here has a number for its threshold")
        if left.is_constant:
            return self._compared(right, _FLIPPED[operator], left.plus, str(top.rhs), interval, lasting)
        return self._compared(left, operator, right.plus, str(top.lhs), interval, lasting)

    def _compared(
        self, value: Quantity, operator: str, number: float, text: str, interval: timedelta, lasting: timedelta
    ) -> Said:
        meaning, where = self._meaning(value, text)
        window = _window(value.window or interval)
        if value.times == 0:
            raise CannotBeSaid("multiplies by 0")
        scale = meaning.value.times / value.times
        if meaning.value.is_increase and meaning.value.window:
            scale *= window / meaning.value.window
        threshold = _rounded((number - value.plus) * scale + meaning.value.plus)
        operator = operator if scale > 0 else _FLIPPED[operator]
        found = Said(meaning.metric, self._by(value, meaning), where, window, {})
        if value.ahead:
            return _forecast(found, operator, threshold, value)
        if threshold == 0 and operator in ("==", "<=") and value.form.startswith(("sum(rate", "rate")):
            silent = {"kind": "absent", "duration": max(window, lasting)}
            said = "nothing counted is no data here: it is silence for that long"
            return replace(found, condition=silent, remarks=(said,))
        return replace(found, condition={"operator": operator, "threshold": threshold})

    def _absent(self, call: promql.Call, lasting: timedelta) -> Said:
        (of,) = call.args
        text, ranged = str(of), of
        if isinstance(of, promql.MatrixSelector):
            ranged, over = of.vector_selector, of.range
        else:
            over = _STALE
        value = quantity(ranged, self.recorded)
        if len(value.selectors) != 1:
            raise CannotBeSaid(f"{call.func.name}() of a calculation")
        name = value.selectors[0].name
        fitting = [one for one in self.meanings if [of.name for of in one.value.selectors] == [name]]
        counting = sorted(fitting, key=lambda one: not one.value.is_increase)
        for meaning in counting:
            where = self._where(value, meaning)
            if where is not None:
                silent = {"kind": "absent", "duration": max(over, lasting)}
                said = "there it alerts when nobody tells the series any more; here, when no event came for that long"
                return Said(meaning.metric, (), where, timedelta(minutes=1), silent, (said,))
        raise Unmapped([name], bool(fitting), f"sum(increase({text}[1m]))" if ranged is of else text)

    def _meaning(self, value: Quantity, text: str) -> tuple[Meaning, Mapping[str, Any]]:
        fitting = [one for one in self.meanings if self._fits(value, one)]
        # What a counter grew by is a count, and how fast it grows is a rate, where both are known.
        for meaning in sorted(fitting, key=lambda one: one.value.is_increase != value.is_increase):
            where = self._where(value, meaning)
            if where is not None:
                return meaning, where
        names = list(dict.fromkeys(one.name for one in value.selectors))
        known = {selector.name for one in self.meanings for selector in one.value.selectors}
        asked = [name for name in names if name not in known]
        raise Unmapped(asked or names, not asked, text)

    def _fits(self, value: Quantity, meaning: Meaning) -> bool:
        if meaning.value.form == value.form:
            return True
        # To aggregate one series is to take it.
        forms = {f"{operator}({meaning.value.form})" for operator in ("sum", "avg", "min", "max")}
        each = {dimension_of(label, self.labels) for label in meaning.each}
        return value.form in forms and bool(each) and each <= {self.labels.get(one) for one in value.by or ()}

    def _where(self, value: Quantity, meaning: Meaning) -> Mapping[str, Any] | None:
        """What the expression is narrowed by beyond what it means; None where it is not narrowed as that is."""
        rest: list[Mapping[str, Values]] = []
        for given, meant in zip(value.selectors, meaning.value.selectors, strict=True):
            taken, wanted = narrowed(given, self.labels), narrowed(meant, self.labels)
            if any(taken.get(name) != values for name, values in wanted.items()):
                return None
            rest.append({name: values for name, values in taken.items() if name not in wanted})
        if any(one != rest[0] for one in rest):
            return None
        return {name: _listed(values) for name, values in rest[0].items()}

    def _by(self, value: Quantity, meaning: Meaning) -> tuple[str, ...]:
        if value.by is None and not meaning.each:
            raise CannotBeSaid("aggregates nothing: there would be an alert for every series; write sum by (…)")
        labels = meaning.each if value.by is None else sorted(value.by)
        found = [dimension_of(label, self.labels) for label in labels]
        if None in found:
            left_out = ", ".join(label for label, dimension in zip(labels, found, strict=True) if dimension is None)
            raise CannotBeSaid(f"is grouped by {left_out}, which the file of --metrics leaves out")
        return tuple(dict.fromkeys(name for name in found if name))


def _forecast(found: Said, operator: str, threshold: float, value: Quantity) -> Said:
    if operator in ("==", "!="):
        raise CannotBeSaid("forecasts an equality")
    history = value.window or _FORECAST_FROM
    condition = {
        "kind": "forecast", "operator": operator, "threshold": threshold, "horizon": value.ahead, "history": history,
    }  # fmt: skip
    if history >= timedelta(weeks=2):
        condition["model"] = "line"  # which is what predict_linear lays
    said = "here it alerts when the forecast crosses the threshold at any time within the horizon, not at its end"
    return replace(found, window=timedelta(minutes=5), condition=condition, remarks=(said,))


def _window(length: timedelta) -> timedelta:
    known = [one for one, _ in WINDOWS]
    if length not in known:
        raise CannotBeSaid(
            f"looks back over {written(length)}; a window here is one of {', '.join(map(written, known))}"
        )
    return length


def _rounded(value: float) -> float:
    """Without the dust that calculating in binary leaves."""
    tidy = float(f"{value:.{_DIGITS}g}")
    return tidy if isclose(value, tidy, rel_tol=1e-9, abs_tol=1e-12) else value


def _listed(values: Values) -> str | list[str]:
    if isinstance(values, str):
        raise CannotBeSaid(f"narrows by {values}; `where` lists values that events must have")
    if len(values) > ALL_CODES:
        raise CannotBeSaid("narrows to more status codes than can be listed")
    named = sorted(value or NONE for value in values)
    return named[0] if len(named) == 1 else named
