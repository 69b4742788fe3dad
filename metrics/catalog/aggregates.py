"""What an aggregate expression over events comes to: an amount whose parts add up, an extreme, a share, a mean.

Told by how it is composed, since the same word means another thing where it is divided by or rounded.
"""

from collections.abc import Mapping

from sqlglot import exp

from metrics.catalog.model import Aggregate

AGGREGATES = (
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Stddev, exp.StddevSamp, exp.StddevPop,
    exp.Variance, exp.VariancePop, exp.PercentileCont, exp.PercentileDisc, exp.Quantile, exp.ApproxDistinct,
    exp.ArgMax, exp.ArgMin,
)  # fmt: skip
_ALONE: Mapping[type[exp.Expr], Aggregate] = {
    exp.Count: "sum", exp.CountIf: "sum", exp.Sum: "sum", exp.ApproxDistinct: "amount", exp.Max: "max", exp.Min: "min",
    exp.Avg: "mean",
}  # fmt: skip
"""Of these alone; of all others nothing is known."""
_NEGATIVE: Mapping[Aggregate, Aggregate] = {"max": "min", "min": "max"}
_AMOUNTS = ("sum", "amount")


def aggregate_of(node: exp.Expr) -> Aggregate:
    """What an expression of aggregates over the events of one kind comes to."""
    match node:
        case exp.Paren() | exp.Filter():
            return aggregate_of(node.this)
        case exp.Neg():
            return _negative(aggregate_of(node.this))
        case exp.Coalesce() if all(map(_is_zero, node.expressions)):
            return aggregate_of(node.this)
        case exp.Nullif() if _is_zero(node.expression):
            return aggregate_of(node.this)
        case exp.Cast() if node.to.is_type(*exp.DataType.REAL_TYPES):
            return aggregate_of(node.this)
        case exp.Cast() | exp.Round() | exp.Floor() | exp.Ceil():
            return _bent(aggregate_of(node.this))
        case exp.Add() | exp.Sub():
            return _sum(node)
        case exp.Mul() | exp.Div():
            return _multiple(node)
        case _:
            return _alone(node)


def _alone(node: exp.Expr) -> Aggregate:
    found = _ALONE.get(type(node), "other")
    if not isinstance(node.this, exp.Distinct):
        return found
    # The least and the greatest are the same whether each value counts once or not.
    return "amount" if found == "sum" else "other" if found == "mean" else found


def _sum(node: exp.Add | exp.Sub) -> Aggregate:
    """Of two, or of one and a constant: then it is shifted."""
    right = aggregate_of(node.right)
    right = _negative(right) if isinstance(node, exp.Sub) else right
    if _is_constant(node.left):
        return _bent(right)
    left = aggregate_of(node.left)
    if _is_constant(node.right):
        return _bent(left)
    if left in _AMOUNTS and right in _AMOUNTS:
        return left if left == right else "amount"
    # What is made of counts over one and the same number is a share of it; whether it is the same is not looked for.
    return "mean" if {left, right} <= {"share", "mean"} else "other"


def _multiple(node: exp.Mul | exp.Div) -> Aggregate:
    """A multiple of one, by a constant; or a quotient of two."""
    if _is_constant(node.right):
        return _scaled(node.left, node.right)
    if isinstance(node, exp.Mul):
        return _scaled(node.right, node.left) if _is_constant(node.left) else "other"
    above, below = aggregate_of(node.left), aggregate_of(node.right)
    if above != "sum" or below != "sum":
        return "other"
    counts = all(isinstance(one, exp.Count | exp.CountIf) for one in node.find_all(*AGGREGATES))
    return "share" if counts else "mean"


def _scaled(node: exp.Expr, by: exp.Expr) -> Aggregate:
    found = aggregate_of(node)
    return _negative(found) if by.find(exp.Neg) else found


def _negative(found: Aggregate) -> Aggregate:
    return _NEGATIVE.get(found, found)


def _bent(found: Aggregate) -> Aggregate:
    """Rounded or shifted, the parts of a sum do not add up."""
    return "amount" if found == "sum" else found


def _is_constant(node: exp.Expr) -> bool:
    return node.find(exp.Column, *AGGREGATES) is None


def _is_zero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) == 0
