"""What a PromQL expression compares, in a form in which two ways to write the same are equal.

A quantity is `times × form + plus`: `100 * sum(increase(errors[5m])) / sum(increase(all[5m]))` and a mapping's
`sum(rate(errors[1m])) / sum(rate(all[1m]))` have one form. What is not understood is refused, never guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import promql_parser as promql

LE = "le"
"""The label of a histogram's buckets: it tells no series apart once a quantile is taken."""
MOST_LETTERS, MOST_NESTED, MOST_RECORDED = 10_000, 100, 20
_AGGREGATIONS = ("sum", "avg", "min", "max")
_ARITHMETIC = ("+", "-", "*", "/")


class CannotBeSaid(ValueError):
    """An expression that has no words here: why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric of Prometheus, and which of its series."""

    name: str
    matchers: frozenset[tuple[str, str, str]]
    """Label, operator and value."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that an expression computes."""

    form: str = ""
    """Empty: the number is a constant."""
    selectors: tuple[Selector, ...] = ()
    times: float = 0.0
    plus: float = 0.0
    by: frozenset[str] | None = None
    """Labels that tell the alerts apart; None: nothing is aggregated, and all of them do."""
    window: timedelta | None = None
    ahead: timedelta | None = None
    """How far ahead it is a forecast."""
    is_increase: bool = False
    """Whether it is what a counter grew by, and not how fast it does."""

    @property
    def is_constant(self) -> bool:
        """Whether it is a number that stands in the expression."""
        return not self.form

    def scaled(self, times: float, plus: float = 0.0) -> "Quantity":
        """It, times a number, plus another."""
        return replace(self, times=self.times * times, plus=self.plus * times + plus)


Recorded = Mapping[str, promql.Expr]
"""Recording rules of the same file: what a name stands for."""


def parsed(text: str) -> promql.Expr:
    """The tree of an expression. Raises CannotBeSaid."""
    if len(text) > MOST_LETTERS or text.count("(") > MOST_NESTED:
        raise CannotBeSaid(f"is longer than {MOST_LETTERS:,} letters, or nests deeper than {MOST_NESTED}")
    try:
        return promql.parse(text)
    except ValueError as error:
        raise CannotBeSaid(f"is no PromQL: {error}") from error


def bare(expression: promql.Expr) -> promql.Expr:
    """Without the parentheses around it."""
    while isinstance(expression, promql.ParenExpr):
        expression = expression.expr
    return expression


def quantity(expression: promql.Expr, recorded: Recorded, depth: int = 0) -> Quantity:
    """What an expression computes. Raises CannotBeSaid."""
    if depth > MOST_RECORDED + MOST_NESTED:
        raise CannotBeSaid("goes round in a circle of recording rules, or nests too deep")
    further = depth + 1
    match bare(expression):
        case promql.NumberLiteral(val=value):
            return Quantity(plus=value)
        case promql.UnaryExpr(expr=inner):
            return quantity(inner, recorded, further).scaled(-1)
        case promql.VectorSelector() as selector:
            return _selected(selector, recorded, further)
        case promql.AggregateExpr() as aggregate:
            return _aggregated(aggregate, quantity(aggregate.expr, recorded, further))
        case promql.BinaryExpr() as binary:
            operator = str(binary.op)
            if operator not in _ARITHMETIC:
                raise CannotBeSaid(f"has {operator} within an expression; only one comparison, at its top, can be said")
            sides = (quantity(side, recorded, further) for side in (binary.lhs, binary.rhs))
            return _joined(binary, operator, *sides)
        case promql.Call() as call:
            return _called(call, recorded, further)
        case promql.SubqueryExpr():
            raise CannotBeSaid("has a subquery, [range:step], which cannot be said here")
        case other:
            raise CannotBeSaid(f"{str(other)!r} cannot be said here")


def _selected(selector: promql.VectorSelector, recorded: Recorded, depth: int) -> Quantity:
    if selector.offset or selector.at:
        raise CannotBeSaid("looks at another time (offset or @); a condition of kind `change` compares with one")
    found = _selector(selector)
    if found.name in recorded:
        if found.matchers:
            raise CannotBeSaid(f"narrows {found.name}, which a recording rule computes; narrow within that rule")
        return quantity(recorded[found.name], recorded, depth)
    return Quantity(found.name, (found,), 1.0)


def _selector(selector: promql.VectorSelector) -> Selector:
    if selector.matchers.or_matchers:
        raise CannotBeSaid("has `or` between its matchers")
    signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    listed = [(one.name, signs[str(one.op).rpartition(".")[2]], one.value) for one in selector.matchers.matchers]
    name = selector.name or next((value for label, sign, value in listed if (label, sign) == ("__name__", "=")), "")
    if not name:
        raise CannotBeSaid("names no metric")
    return Selector(name, frozenset(one for one in listed if one[0] != "__name__"))


def _aggregated(aggregate: promql.AggregateExpr, inner: Quantity) -> Quantity:
    operator, modifier = str(aggregate.op), aggregate.modifier
    if operator not in _AGGREGATIONS:
        raise CannotBeSaid(f"{operator}() cannot be said here; of aggregations, {', '.join(_AGGREGATIONS)} can")
    if modifier is not None and modifier.type == promql.AggModifierType.Without:
        raise CannotBeSaid("aggregates `without` labels: which are left is not said; write `by`")
    if inner.is_constant or inner.by is not None:
        raise CannotBeSaid("aggregates what is an aggregate already")
    if inner.plus or inner.times < 0:
        raise CannotBeSaid(f"calculates within {operator}(); do it outside")
    by = frozenset(modifier.labels if modifier else ()) - {LE}
    return replace(inner, form=f"{operator}({inner.form})", by=by)


def _joined(binary: promql.BinaryExpr, operator: str, left: Quantity, right: Quantity) -> Quantity:
    if left.is_constant or right.is_constant:
        return _with_a_constant(operator, left, right)
    _check_matching(binary, left)
    if left.plus or right.plus or not right.times:
        raise CannotBeSaid("adds a number within a calculation; do it outside")
    if left.by != right.by:
        raise CannotBeSaid("calculates with sides that are aggregated by different labels")
    if None not in (left.window, right.window) and left.window != right.window:
        raise CannotBeSaid("looks back over windows of different lengths")
    if left.ahead or right.ahead or operator == "*":
        raise CannotBeSaid(f"{'calculates with a forecast' if operator != '*' else 'multiplies two metrics'}")
    is_ratio = operator == "/"
    if not is_ratio and left.times != right.times:
        raise CannotBeSaid("adds up what is scaled differently")
    times = left.times / right.times if is_ratio else left.times
    form = f"({left.form} {operator} {right.form})"
    window, increases = left.window or right.window, not is_ratio and left.is_increase and right.is_increase
    return Quantity(form, left.selectors + right.selectors, times, 0.0, left.by, window, None, increases)


def _with_a_constant(operator: str, left: Quantity, right: Quantity) -> Quantity:
    if right.is_constant and left.is_constant and (operator != "/" or right.plus):
        calculated: Mapping[str, Callable[[float, float], float]] = {
            "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
        }  # fmt: skip
        return Quantity(plus=calculated[operator](left.plus, right.plus))
    known, number = (left, right.plus) if right.is_constant else (right, left.plus)
    match operator:
        case "+":
            return known.scaled(1, number)
        case "-":
            return known.scaled(1, -number) if right.is_constant else known.scaled(-1, number)
        case "*" if number:
            return known.scaled(number)
        case "/" if number and right.is_constant:
            return known.scaled(1 / number)
        case _:
            raise CannotBeSaid("divides a number by a metric, or by nothing")


def _check_matching(binary: promql.BinaryExpr, side: Quantity) -> None:
    modifier = binary.modifier
    if modifier is None:
        return
    if modifier.card != promql.VectorMatchCardinality.OneToOne:
        raise CannotBeSaid("joins many series with one (group_left, group_right)")
    matching = modifier.matching
    if matching is None:
        return
    if matching.type != promql.LabelModifierType.Include or frozenset(matching.labels) != side.by:
        raise CannotBeSaid("joins by other labels than it is aggregated by (on, ignoring)")


def _called(call: promql.Call, recorded: Recorded, depth: int) -> Quantity:
    name, arguments = call.func.name, call.args
    match name, arguments:
        case "rate" | "increase", [promql.MatrixSelector() as matrix]:
            ranged = _ranged(matrix)
            seconds = matrix.range.total_seconds() if name == "increase" else 1.0
            return replace(ranged, form=f"rate({ranged.form})", times=seconds, is_increase=name == "increase")
        case "predict_linear", [promql.MatrixSelector() as matrix, length]:
            seconds = quantity(length, recorded, depth)
            if not seconds.is_constant or seconds.plus <= 0:
                raise CannotBeSaid("looks ahead by a length that is not said")
            return replace(_ranged(matrix), ahead=timedelta(seconds=seconds.plus))
        case "histogram_quantile", [wanted, of]:
            share, inner = quantity(wanted, recorded, depth), quantity(of, recorded, depth)
            if not share.is_constant or inner.is_constant or inner.plus:
                raise CannotBeSaid("takes a quantile that is not a number, or of a calculation")
            form = f"histogram_quantile({share.plus:g}, {inner.form})"
            return replace(inner, form=form, times=1.0, is_increase=False)
        case "irate", _:
            raise CannotBeSaid("irate() looks at the newest two samples; write rate()")
        case _:
            raise CannotBeSaid(f"{name}() cannot be said here")


def _ranged(matrix: promql.MatrixSelector) -> Quantity:
    selector = matrix.vector_selector
    if selector.offset or selector.at:
        raise CannotBeSaid("looks at another time (offset or @); a condition of kind `change` compares with one")
    found = _selector(selector)
    return Quantity(found.name, (found,), 1.0, window=matrix.range)
