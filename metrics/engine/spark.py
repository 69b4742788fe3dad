"""Statements over events, answered by Spark from the same files, where it means by them what DuckDB means.

What is translated is listed (`SAME`, `RENAMED`); a statement that holds anything else stays with DuckDB, and `STAYS`
says why. Percentiles are exact in both: `quantile_cont` and Spark's `percentile` interpolate linearly between the two
values around the rank.
"""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, cast

import polars as pl
import polars.selectors as cs
from sqlglot import exp

from metrics.engine.statement import ROW, Relation, Statement
from metrics.spark import SparkUnavailable, first_line, session

LOG = logging.getLogger(__name__)

SAME: frozenset[type[exp.Expr]] = frozenset({
    exp.Select, exp.From, exp.Where, exp.Group, exp.Having, exp.Subquery, exp.Union, exp.TableAlias, exp.Alias,
    exp.Column, exp.Identifier, exp.Star, exp.Literal, exp.Boolean, exp.Null, exp.Placeholder, exp.Paren,
    exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.IntDiv, exp.Case, exp.If, exp.Coalesce,
    exp.StartsWith, exp.Count, exp.Distinct, exp.Sum, exp.Min, exp.Max, exp.Filter,
})  # fmt: skip
"""What means the same in both, as sqlglot writes it for Spark."""
RENAMED: Mapping[str, str] = {"epoch_us": "unix_micros", "hash": "xxhash64"}
"""Functions that have another name there. A hash is another number, so that it must not leave the statement."""
STAYS: Mapping[str, str] = {
    "file_row_number": "Spark does not know the place of a row in its file, which orders events of one moment",
    "arg_max, arg_min": "of values of one moment, either may be taken",
    "lead, lag, over (…)": "the order of events of one moment is their place in the file",
    "unnest, list, list_distinct": "lists are other types there",
    "lower, contains": "letters that are not English become small differently",
    "date_trunc, epoch": "months are cut by another calendar's functions",
    "/": "division by zero is an error there, and no data here",
    "cast": "numbers are rounded here and cut off there; only dimensions become text, and texts moments",
    "like": "a backslash in a pattern means itself here, and escapes there",
    "metrics.yaml": "metrics of the home's own may hold any of these",
}
"""What stays with DuckDB, and why."""
TYPES: Mapping[str, str] = {
    "VARCHAR": "STRING", "DOUBLE": "DOUBLE", "BIGINT": "BIGINT", "INTEGER": "INT", "SMALLINT": "SMALLINT",
    "BOOLEAN": "BOOLEAN", "TIMESTAMPTZ": "TIMESTAMP", "MAP(VARCHAR, VARCHAR)": "MAP<STRING, STRING>",
}  # fmt: skip
"""Types of columns, by their name in DuckDB."""
_AS_TEXT = frozenset({"VARCHAR", "BIGINT", "INTEGER", "SMALLINT", "BOOLEAN"})
"""Types whose values are the same text in both."""
_NUMBERS = frozenset({"DOUBLE", "BIGINT", "INTEGER", "SMALLINT"})


class StaysError(Exception):
    """A statement that is not translated; the message names what stands in it."""


class OnSpark:
    """Answers what is worth it. Safe to share between threads."""

    def __init__(self, url: str, from_events: int, own: frozenset[str] = frozenset()) -> None:
        """`own`: names of measures of the home's own metrics."""
        self._url, self._from_events, self._own = url, from_events, own
        self.answered = 0
        """Statements that Spark has answered."""

    def rows(self, statement: Statement) -> pl.DataFrame | None:
        """The rows of a statement; None where DuckDB has to answer, be it that Spark cannot be asked."""
        if not self._url or sum(relation.rows for relation in statement.relations) < self._from_events:
            return None
        try:
            views = {relation: f"{relation.name}_{token_hex(8)}" for relation in statement.relations}
            text = translated(statement, views, self._own)
        except StaysError:
            return None
        try:
            found = _rows(session(self._url), text, statement, views)
        except SparkUnavailable as error:
            LOG.warning("%s; DuckDB answers in its place", error)
            return None
        except Exception as error:  # PySpark raises a dozen types, and py4j's own
            LOG.warning("Spark at %s failed; DuckDB answers in its place: %s", self._url, first_line(error))
            return None
        self.answered += 1
        return found


def translated(statement: Statement, views: Mapping[Relation, str], own: frozenset[str] = frozenset()) -> str:
    """A statement in Spark's dialect, over views of that name.

    Raises `StaysError`.
    """
    if any(relation.schema_name != "events" or relation.merged_by for relation in statement.relations):
        raise StaysError("rollups")
    tree = cast("exp.Query", statement.tree)
    if own & {alias.alias for alias in tree.find_all(exp.Alias)}:
        raise StaysError("metrics.yaml")
    if _tells_hashes(tree):
        raise StaysError("hash")
    types = {name: dtype for relation in statement.relations for name, dtype in relation.columns}
    names = {(relation.schema_name, relation.name): view for relation, view in views.items()}
    return tree.transform(partial(_translated, types=types, names=names)).sql("spark")


def _tells_hashes(tree: exp.Query) -> bool:
    """Whether a hash may be among the rows of a statement: it is given another name than its first, or not counted."""
    found = [node.parent for node in tree.find_all(exp.Anonymous) if node.name.lower() == "hash"]
    names = {parent.alias for parent in found if isinstance(parent, exp.Alias)}
    columns = [column for column in tree.find_all(exp.Column) if column.name in names]
    told = [column for select in tree.selects for column in select.find_all(exp.Column) if column.name in names]
    return (
        not all(isinstance(parent, exp.Alias | exp.Distinct) for parent in found)
        or any(isinstance(column.parent, exp.Alias) for column in columns)
        or any(column.find_ancestor(exp.Count) is None for column in told)
        or bool(names & {select.alias for select in tree.selects})
    )


def _translated(node: exp.Expr, types: Mapping[str, str], names: Mapping[tuple[str, str], str]) -> exp.Expr:
    match node:
        case exp.Table():
            return _view(node, names)
        case exp.Column() if node.name == ROW:
            raise StaysError(ROW)
        case exp.Anonymous() if node.name.lower() in RENAMED:
            return exp.Anonymous(this=RENAMED[node.name.lower()], expressions=node.expressions)
        case exp.PercentileCont() if types.get(node.this.name) in _NUMBERS:
            return exp.Anonymous(this="percentile", expressions=[node.this, node.expression])
        case exp.Cast():
            return _cast(node, types)
        case exp.DataType():
            return node
        case exp.Bracket() if types.get(node.this.name, "").startswith("MAP"):
            return node
        case exp.Like() if isinstance(node.expression, exp.Literal) and "\\" not in node.expression.name:
            return node
        case _ if type(node) in SAME:
            return node
        case _:
            raise StaysError(type(node).__name__)


def _view(table: exp.Table, names: Mapping[tuple[str, str], str]) -> exp.Expr:
    view = names.get((table.db, table.name))
    if view is None:
        return table
    return exp.alias_(exp.to_table(view), table.alias or table.name, table=True, quoted=True)


def _cast(node: exp.Cast, types: Mapping[str, str]) -> exp.Expr:
    given, to = node.this, node.to.sql("duckdb")
    if to == "TIMESTAMPTZ" and isinstance(given, exp.Literal) and given.name.endswith("+00"):
        return exp.Cast(this=exp.Literal.string(f"{given.name}:00"), to=node.to)
    if to == "TEXT" and isinstance(given, exp.Column) and types.get(given.name) in _AS_TEXT:
        return node
    raise StaysError("cast")


def _rows(spark: Any, text: str, statement: Statement, views: Mapping[Relation, str]) -> pl.DataFrame:
    used = {column.name for column in statement.tree.find_all(exp.Column)}
    try:
        for relation, view in views.items():
            relation.have_files()
            _frame(spark, relation, used).createOrReplaceTempView(view)
        found = cast("pl.DataFrame", pl.from_arrow(spark.sql(text, args=dict(statement.parameters)).toArrow()))
    finally:
        for view in views.values():
            spark.catalog.dropTempView(view)
    return found.with_columns(cs.datetime().dt.convert_time_zone("UTC"))


def _frame(spark: Any, relation: Relation, used: set[str]) -> Any:
    """The columns of a relation that are used."""
    columns = {name: TYPES.get(dtype) for name, dtype in relation.columns if name in used}
    if None in columns.values():
        raise ValueError(f"columns of {relation.name} have types that are not known there: {columns}")
    schema = ", ".join(f"`{name}` {dtype}" for name, dtype in columns.items()) or "`nothing` STRING"
    if not relation.files:
        nothing = (
            ", ".join(f"CAST(NULL AS {dtype}) AS `{name}`" for name, dtype in columns.items()) or "NULL AS `nothing`"
        )
        return spark.sql(f"SELECT {nothing} WHERE false")
    return spark.read.schema(schema).parquet(*map(_literal, relation.files))


def _literal(file: str) -> str:
    """A path, which Spark would take for a pattern."""
    return "".join(f"\\{letter}" if letter in r"\[]{}*?" else letter for letter in str(Path(file).absolute()))
