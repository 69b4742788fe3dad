"""Metrics that a home defines itself, in `metrics.yaml`.

    - name: slow_requests            # how it is asked for
      event: request                 # the kind of event it is made of
      sql: count(*) FILTER (WHERE duration_ms > 1000)
      unit: requests
      title: Slow requests           # left out: from the name
      direction: down                # which way is good: up, down, neutral
      doc: Requests that took longer than a second.
      decimals: 0

The SQL is one aggregate expression over the columns of the event, in the dialect of DuckDB. It is parsed, and
only what is known to do nothing but calculate is let through; it is never run as it was written.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, NamedTuple

import duckdb
import polars as pl
import sqlglot
from pydantic import AfterValidator, Field, field_validator, model_validator
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metrics.catalog.aggregates import AGGREGATES, aggregate_of
from metrics.catalog.model import Additive, Direction, Metric
from metrics.events import KINDS
from metrics.events.entries import Entry, Problem, nearest, sorted_entries
from metrics.events.problems import ConfigurationError

FILE_NAME = "metrics.yaml"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CALCULATIONS = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Star, exp.Paren, exp.Neg, exp.Not, exp.Add,
    exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.And, exp.Or,
    exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between, exp.Like, exp.ILike, exp.Case, exp.If, exp.Coalesce,
    exp.Nullif, exp.Greatest, exp.Least, exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Ln, exp.Log, exp.Sqrt, exp.Pow,
    exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.StartsWith, exp.Contains, exp.Cast, exp.DataType, exp.DataTypeParam,
    exp.Distinct, exp.Filter, exp.Where, exp.Bracket, exp.Tuple,
)  # fmt: skip
"""What an expression may be made of: no query, no table, no function that could do more than calculate."""


class MetricsError(ConfigurationError):
    """A `metrics.yaml` that cannot be used."""


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is no kind of event{nearest(name, KINDS)}")
    return name


class OwnMetric(Entry):
    """One entry of `metrics.yaml`."""

    name: str
    event: Annotated[str, AfterValidator(_known_kind)]
    sql: str
    unit: str = ""
    title: str = ""
    direction: Direction = "neutral"
    doc: str = ""
    decimals: Annotated[int, Field(ge=0, le=9)] = 2

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name: small letters, digits and _ are, beginning with a letter")
        return name

    @model_validator(mode="after")
    def _is_an_aggregate(self) -> "OwnMetric":
        checked(self.sql, self.event)
        return self

    def as_metric(self) -> Metric:
        """The row of the catalog."""
        sql = checked(self.sql, self.event)
        # What is divided by nothing is no data, not infinite.
        finite = f"CASE WHEN isfinite(CAST({sql} AS DOUBLE)) THEN CAST({sql} AS DOUBLE) END"
        measure = Additive(f"own_{self.name}", self.event, finite, aggregate_of(sqlglot.parse_one(sql, read="duckdb")))
        title = self.title or self.name.replace("_", " ").capitalize()
        doc = self.doc or f"`{sql}` over {self.event} events ({FILE_NAME})."
        return Metric(
            self.name, title, self.unit, self.direction, doc, measure.name, (measure,), decimals=self.decimals
        )


class OwnMetrics(NamedTuple):
    """The metrics of a home that can be used, and what is wrong with those that cannot."""

    metrics: Mapping[str, Metric]
    problems: Sequence[Problem]


def own_metrics(home: Path, taken: Mapping[str, object]) -> OwnMetrics:
    """The metrics of a home's `metrics.yaml`, which need not exist; `taken` are names they may not use.

    Raises:
        MetricsError: it is no list of metrics at all.
    """
    path, stamp = home / FILE_NAME, stamp_of(home)
    return _read(path, stamp, frozenset(taken)) if stamp else OwnMetrics({}, ())


def stamp_of(home: Path) -> int:
    """What changes whenever a home's own metrics do; 0 where it has none."""
    try:
        return (home / FILE_NAME).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _read(path: Path, stamp: int, taken: frozenset[str]) -> OwnMetrics:
    del stamp
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise MetricsError(f"{path}: cannot be read: {error}") from error
    entries, wrong = sorted_entries(text, str(path), OwnMetric, MetricsError)
    found: dict[str, Metric] = {}
    problems = list(wrong)
    for line, entry in entries:
        if entry.name in taken:
            said = f"{entry.name!r} is a metric already; give it another name"
        elif entry.name in found:
            said = f"{entry.name!r} is defined twice; the first one counts"
        else:
            said = _unfit(entry)
        if said:
            problems.append(Problem(str(path), line, entry.name, said))
        else:
            found[entry.name] = replace(entry.as_metric(), origin=f"{path}, line {line}")
    return OwnMetrics(found, tuple(sorted(problems, key=lambda one: one.line)))


def _unfit(entry: OwnMetric) -> str:
    """Why an expression cannot be calculated over its columns, such as a sum of texts; empty where it can."""
    measure = entry.as_metric().measures[0]
    assert isinstance(measure, Additive)
    known = {name: dtype for name, dtype in KINDS[entry.event].schema.items() if name != "attributes"}
    with duckdb.connect() as nothing:
        nothing.register("columns", pl.DataFrame(schema=known).to_arrow())
        try:
            nothing.execute(
                f"SELECT {measure.sql} FROM (SELECT *, CAST(NULL AS MAP(VARCHAR, VARCHAR)) AS attributes FROM columns)"
            )
        except duckdb.Error as error:
            return f"cannot be calculated: {str(error).splitlines()[0]}"
    return ""


def checked(sql: str, kind: str) -> str:
    """The expression as it will be run.

    Raises ValueError when it is no aggregate over the columns of the kind, or may do more than calculate.
    """
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except SqlglotError as error:
        raise ValueError(f"not SQL: {str(error).splitlines()[0]}") from error
    if len(trees) != 1:
        raise ValueError("expected one aggregate expression, such as count(*) FILTER (WHERE status_code = 429)")
    tree = trees[0]
    complaint = next(_complaints(tree, kind), None)
    if complaint:
        raise ValueError(complaint)
    return tree.sql("duckdb", comments=False)


def _complaints(tree: exp.Expr, kind: str) -> Iterator[str]:
    for node in tree.walk():
        if not isinstance(node, (*AGGREGATES, *_CALCULATIONS)):
            yield f"{_shown(node)} may not be used: only aggregates and plain calculations may"
    for column in tree.find_all(exp.Column):
        yield from _of_column(column, kind)
    aggregates = list(tree.find_all(*AGGREGATES))
    if not aggregates:
        yield "expected an aggregate, such as count(*), sum(…) or avg(…)"
    for aggregate in aggregates:
        if aggregate.find_ancestor(*AGGREGATES) is not None:
            yield f"{_shown(aggregate)} stands within another aggregate"


def _of_column(column: exp.Column, kind: str) -> Iterator[str]:
    if column.table:
        yield f"{_shown(column)}: columns are named without a table"
    if not isinstance(column.this, exp.Star) and column.name not in (*KINDS[kind].by_name, "attributes"):
        yield f"{kind} events have no column {column.name!r}{nearest(column.name, KINDS[kind].by_name)}"
    if column.find_ancestor(*AGGREGATES, exp.Filter) is None:
        yield f"{column.name} stands outside of an aggregate: write sum({column.name}), for instance"


def _shown(node: exp.Expr) -> str:
    text = node.sql("duckdb", comments=False)
    return repr(text if len(text) <= 60 else text[:59] + "…")
