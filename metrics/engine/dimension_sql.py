"""Grouping and filtering by dimensions as SQL; values are bound, never part of the text."""

import re

from metrics.catalog import ATTRIBUTE_PREFIX
from metrics.engine.query import Filter
from metrics.engine.scope import Scope
from metrics.lake.shapes import View


def select_groups(scope: Scope, *, view: View | None = None, source: str = "") -> str:
    """`, … AS d0, … AS d1` for a select list."""
    columns = (_column(scope, name, view, source) for name in scope.query.by)
    return "".join(f", {sql} AS {group}" for sql, group in zip(columns, scope.groups, strict=True))


def filter_sql(scope: Scope, *, view: View | None = None, source: str = "") -> str:
    """` AND (…) AND (…)`, empty without filters; the values are among `used_parameters`."""
    conditions = (
        _condition(index, item, _column(scope, item.dimension, view, source))
        for index, item in enumerate(scope.query.filters)
    )
    return "".join(f" AND ({condition})" for condition in conditions)


def used_parameters(scope: Scope, text: str) -> dict[str, object]:
    """The bound values that `text` names; DuckDB takes no others."""
    used = set(re.findall(r"\$(\w+)", text))
    return {name: value for name, value in _parameters(scope).items() if name in used}


def _parameters(scope: Scope) -> dict[str, object]:
    """Bound values of the filters: `f<filter>_<value>`, and names of attributes: `attribute_<n>`."""
    values = {
        f"f{i}_{j}": value
        for i, item in enumerate(scope.query.filters)
        for j, value in enumerate(item.values)
        if value is not None
    }
    return {**values, **{f"attribute_{i}": name for i, name in enumerate(_attributes(scope))}}


def _attributes(scope: Scope) -> tuple[str, ...]:
    return tuple(name.removeprefix(ATTRIBUTE_PREFIX) for name in scope.dimensions if name.startswith(ATTRIBUTE_PREFIX))


def _column(scope: Scope, dimension: str, view: View | None, source: str) -> str:
    prefix = f"{source}." if source else ""
    if dimension.startswith(ATTRIBUTE_PREFIX):
        index = _attributes(scope).index(dimension.removeprefix(ATTRIBUTE_PREFIX))
        return f"{prefix}attributes[$attribute_{index}]"
    return f'{prefix}"{dimension}"' if view else f'CAST({prefix}"{dimension}" AS VARCHAR)'


def _condition(index: int, item: Filter, column: str) -> str:
    names = [f"$f{index}_{j}" for j, value in enumerate(item.values) if value is not None]
    if item.operator == "contains":
        choices = [f"contains(lower({column}), lower({name}))" for name in names]
    else:
        choices = [f"{column} IN ({', '.join(names)})"] if names else []
    if None in item.values:
        choices.append(f"{column} IS NULL")
    kept = " OR ".join(choices) or "false"
    return f"coalesce(NOT ({kept}), true)" if item.operator == "not in" else kept
