"""A statement: SQL over logical tables, its bound values, and the files those tables stand for.

The text is in the DuckDB dialect and names tables `events."<kind>"` and `rollups."<name>/<view>"`. DuckDB gets it with
files in their place; its tree is there to be read and to be written for another engine.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import polars as pl
import sqlglot
from sqlglot import exp

DIALECT = "duckdb"
ROW = "file_row_number"
"""A column that files have in DuckDB without storing it: the place of an event, which orders those of one moment."""
CUT_DAYS, CUT_MASKS, CUT_KEYS = "days", "masks", "keys"
"""Values that say how UTC days are cut to buckets: their microseconds, hours as bits, the key of the bucket."""


@dataclass(frozen=True, slots=True)
class Month:
    """A UTC month of days that a table knows."""

    start: datetime
    end: datetime
    files: tuple[str, ...]
    """Those that may hold some of its days."""
    is_over: bool
    """Whether the table knows days after it: little comes to it any more."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A logical table and the Parquet files it stands for."""

    schema_name: str
    name: str
    files: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    """Names and DuckDB types, for when there are no files."""
    passing: str = ""
    """` AND (…)`: the condition that the statement puts on every row of it anyway."""
    rows: float = 0
    """About how many of its rows the statement asks about."""
    gone: tuple[tuple[datetime, datetime], ...] = ()
    """Spans asked about whose rows were dropped by retention: what the statement says of them is not known."""
    merged_by: tuple[str, ...] = ()
    """Columns that name a row where it stands for several tables, whose rows of one name tell of the same thing."""
    months: tuple[Month, ...] = ()
    """Of what is merged, the months that the statement asks about; none where it is not to be."""
    present: Callable[[Sequence[str]], None] | None = field(default=None, compare=False, repr=False)
    """Has files where they can be read; None where they are."""

    def have_files(self) -> None:
        """Have its files where they can be read. Raises `LakeUnavailable`."""
        if self.present is not None:
            self.present(self.files)

    @property
    def sql(self) -> str:
        """How statements name it."""
        return f'{self.schema_name}."{self.name}"'


@dataclass(frozen=True)
class Statement:
    """One question to the database."""

    text: str
    parameters: Mapping[str, object]
    relations: tuple[Relation, ...]

    def __post_init__(self) -> None:
        files = {(one.schema_name, one.name): one.files for one in self.relations}
        for one in self.relations:
            if one.files != files[one.schema_name, one.name]:
                raise ValueError(f"{one.sql} stands for different files in one statement")

    @property
    def tree(self) -> exp.Expr:
        """The statement over logical tables; not to be changed."""
        return _parsed(self.text)

    def pretty(self) -> str:
        """The statement over logical tables, laid out to be read."""
        return self.tree.sql(DIALECT, pretty=True)

    def duckdb_sql(self) -> str:
        """The statement over Parquet files, which can be read.

        Raises:
            LakeUnavailable: one is in object storage only, and cannot be read from there.
        """
        for relation in self.relations:
            relation.have_files()
        return _over_files(self.text, tuple(replace(one, present=None) for one in self.relations))


def laid_out(statements: Iterable[Statement]) -> str:
    """Statements one below the other, laid out to be read."""
    return ";\n\n".join(statement.pretty() for statement in statements)


@lru_cache(maxsize=512)
def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read=DIALECT)


_NAMED = re.compile(r'''
    '(?:[^']|'')*'                                    # a text: what it holds names nothing
    |\b(events|rollups)\."([^"]+)"(\s+AS\s+\w+)?      # a logical table, and the name it is given
    ''', re.VERBOSE)  # fmt: skip


@lru_cache(maxsize=512)
def _over_files(text: str, relations: tuple[Relation, ...]) -> str:
    """Put files in the place of logical tables.

    In the text, not in its tree: to parse, copy and write a statement takes sqlglot longer than DuckDB takes to answer.
    """
    by_name = {(relation.schema_name, relation.name): relation for relation in relations}

    def replaced(found: re.Match[str]) -> str:
        relation = by_name.get((found[1], found[2]))
        if relation is None:
            return found[0]
        alias = found[3] or f' AS "{relation.name}"'
        return _files(relation) + alias

    return _NAMED.sub(replaced, text)


def _files(relation: Relation) -> str:
    if not relation.files:
        columns = (*relation.columns, (ROW, "BIGINT"))
        nothing = ", ".join(f'CAST(NULL AS {dtype}) AS "{name}"' for name, dtype in columns)
        return f"(SELECT {nothing} WHERE false)"
    listed = ", ".join("'" + file.replace("'", "''") + "'" for file in relation.files)
    # Of several tables, each has columns of its own.
    by_name = ", union_by_name = true" if relation.merged_by else ""
    return f"read_parquet([{listed}]{by_name})"


_TYPES: Mapping[str, str] = {
    "String": "VARCHAR",
    "Float64": "DOUBLE",
    "Float32": "FLOAT",
    "Int64": "BIGINT",
    "Int32": "INTEGER",
    "Boolean": "BOOLEAN",
    "Date": "DATE",
    "Datetime": "TIMESTAMPTZ",
    "Map": "MAP(VARCHAR, VARCHAR)",
    "Int16": "SMALLINT",
}


def columns_of(schema: pl.Schema) -> tuple[tuple[str, str], ...]:
    """Names and DuckDB types of a stored schema."""
    return tuple((name, _type(dtype)) for name, dtype in schema.items())


def _type(dtype: Any) -> str:
    match dtype:
        case pl.List(inner=inner):
            return f"{_type(inner)}[]"
        case pl.Struct(fields=fields):
            return f"STRUCT({', '.join(f'{field.name} {_type(field.dtype)}' for field in fields)})"
        case _:
            return _TYPES[(dtype if isinstance(dtype, type) else type(dtype)).__name__]
