"""Events that pass a filter no rollup knows, copied out of the lake once for all questions about them.

A page asks some eight questions about one user, and each would scan the same month of events. The first
scan writes the few events that pass to a file of its own, and the others read that. Data files of the
lake never change, so what was taken from them holds for as long as they are part of the lake.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from metrics.catalog import METRICS
from metrics.catalog.model import Additive, DistinctValues, LastSample, Quantile, SeenValues
from metrics.engine.database import write_parquet
from metrics.engine.scratch import Copies, Scratch
from metrics.engine.statement import DIALECT, ROW, Relation, Statement
from metrics.lake.rollups import rollups_of
from metrics.lake.shapes import USER
from metrics.lake.tables import Lake

CACHE_FILTERS_FROM = 2_000_000
"""Events in the files of a question from which setting aside those that pass pays."""
MOST_ROWS = 500_000
"""Events that may pass: of more, a copy is no better than the lake."""
_KEPT = 32
"""Filters remembered; the one not asked about for longest goes first."""

_LOG = logging.getLogger(__name__)


class FilterCache:
    """The events set aside so far. Safe to share between threads."""

    def __init__(self, lake: Lake, cache_from: float = CACHE_FILTERS_FROM, most_rows: int = MOST_ROWS) -> None:
        self._lake = lake
        self._cache_from = cache_from
        self._most_rows = most_rows
        self._scratch = Scratch()

    def over(self, statement: Statement) -> Statement:
        """The statement over the events that pass its filters, where that is less to read; else as it is."""
        relations = tuple(self._cached(relation, statement) for relation in statement.relations)
        return replace(statement, relations=relations)

    def _cached(self, relation: Relation, statement: Statement) -> Relation:
        if not relation.passing or relation.rows < self._cache_from:
            return relation
        columns = tuple(sorted({*standing_columns(relation.name), *_columns_of(relation.passing)}))
        if not _columns_read(statement.tree) & {name for name, _ in relation.columns} <= set(columns):
            return relation
        named = set(re.findall(r"\$(\w+)", relation.passing))
        parameters = {name: value for name, value in statement.parameters.items() if name in named}
        key = (relation.name, relation.passing, tuple(sorted(parameters.items(), key=str)))
        copies = self._scratch.copies(key, _KEPT)
        with copies.lock:
            try:
                paths = self._parts(copies, relation, columns, parameters)
            except (duckdb.Error, OSError):  # no room for a copy: the lake still answers
                _LOG.warning("events that pass a filter could not be set aside", exc_info=True)
                paths = None
        return relation if paths is None else replace(relation, files=tuple(map(str, paths)), present=None)

    def _parts(
        self, copies: Copies, relation: Relation, columns: Sequence[str], parameters: Mapping[str, object]
    ) -> list[Path] | None:
        """Files that hold what passes of the relation's files; None when too much does."""
        if copies.is_too_much:
            return None
        table = self._lake.events(relation.name)
        present = {str(table.root / file.path) for file in table.snapshot.files} | set(relation.files)
        # Compaction puts files together: what was taken from one that is gone is in another now, too.
        self._scratch.drop(copies, [files for files in copies.parts if not files <= present])
        missing = [file for file in relation.files if not any(file in files for files in copies.parts)]
        if missing:
            path = self._scratch.new_path()
            source = replace(relation, files=tuple(missing))
            listed = ", ".join(f'"{name}"' for name in columns)
            passing = (
                f"SELECT {listed}, {ROW} AS place FROM {source.sql} WHERE true{relation.passing} "
                f"LIMIT {self._most_rows + 1:d}"
            )
            text = f"SELECT {listed} FROM ({passing}) AS passing ORDER BY ts, place"
            if write_parquet(Statement(text, parameters, (source,)), path) > self._most_rows:
                path.unlink()
                copies.is_too_much = True
                self._scratch.drop(copies, list(copies.parts))
                return None
            copies.parts[frozenset(missing)] = path
        wanted = set(relation.files)
        return [path for files, path in copies.parts.items() if files & wanted]


@cache
def standing_columns(kind: str) -> tuple[str, ...]:
    """The columns of a kind that its metrics and rollups read: those that are set aside."""
    read: set[str] = {"ts", USER}
    for metric in METRICS.values():
        for measure in metric.measures:
            match measure:
                case Additive() | LastSample():
                    sources = (measure.sql,)
                case Quantile():
                    sources = (measure.column, measure.where or "true")
                case DistinctValues():
                    sources = (measure.sql,)
                case SeenValues():
                    sources = (measure.column,)
                case _:
                    continue
            if measure.kind == kind:
                read.update(*(_columns_read(sqlglot.parse_one(sql, read=DIALECT)) for sql in sources))
    read.update(*(rollup.dimensions for rollup in rollups_of(kind)))
    return tuple(sorted(read))


@lru_cache(maxsize=512)
def _columns_of(passing: str) -> frozenset[str]:
    return frozenset(_columns_read(sqlglot.parse_one(f"true{passing}", read=DIALECT)))


def _columns_read(tree: exp.Expr) -> set[str]:
    return {column.name for column in tree.find_all(exp.Column)}
