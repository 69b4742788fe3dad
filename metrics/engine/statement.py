"""A statement: SQL over logical tables, its bound values, and the files those tables stand for.

The text is in the DuckDB dialect and names tables `events.<kind>` and `rollups."<name>/<view>"`. sqlglot
parses it once; a backend puts its own tables in their place, or writes the tree for another engine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import polars as pl
import sqlglot
from sqlglot import exp

DIALECT = "duckdb"


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

    @property
    def tree(self) -> exp.Expr:
        """The statement over logical tables; not to be changed."""
        return _parsed(self.text)

    def pretty(self) -> str:
        """The statement over logical tables, laid out to be read."""
        return self.tree.sql(DIALECT, pretty=True)

    def duckdb_sql(self) -> str:
        """The statement over Parquet files."""
        return _over_files(self.text, self.relations)


@lru_cache(maxsize=512)
def _parsed(text: str) -> exp.Expr:
    return sqlglot.parse_one(text, read=DIALECT)


@lru_cache(maxsize=512)
def _over_files(text: str, relations: tuple[Relation, ...]) -> str:
    by_name = {(relation.schema_name, relation.name): relation for relation in relations}

    def replaced(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Table):
            return node
        relation = by_name.get((node.db, node.name))
        return node if relation is None else _files(relation, node.alias)

    return _parsed(text).transform(replaced).sql(DIALECT)


def _files(relation: Relation, alias: str) -> exp.Expr:
    if not relation.files:
        nothing = ", ".join(f'CAST(NULL AS {dtype}) AS "{name}"' for name, dtype in relation.columns)
        empty = sqlglot.parse_one(f"SELECT {nothing} WHERE false", read=DIALECT)
        return exp.Subquery(this=empty, alias=exp.TableAlias(this=exp.to_identifier(alias or relation.name)))
    files = exp.Array(expressions=[exp.Literal.string(file) for file in relation.files])
    table = exp.Table(this=exp.Anonymous(this="read_parquet", expressions=[files]))
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias or relation.name, quoted=True)))
    return table


_TYPES: Mapping[str, str] = {
    "String": "VARCHAR",
    "Float64": "DOUBLE",
    "Int64": "BIGINT",
    "Int32": "INTEGER",
    "Boolean": "BOOLEAN",
    "Date": "DATE",
    "Datetime": "TIMESTAMPTZ",
    "Map": "MAP(VARCHAR, VARCHAR)",
    "List": "STRUCT(bin SMALLINT, n BIGINT)[]",
}


def columns_of(schema: pl.Schema) -> tuple[tuple[str, str], ...]:
    """Names and DuckDB types of a stored schema."""
    return tuple((name, _TYPES[dtype.base_type().__name__]) for name, dtype in schema.items())
