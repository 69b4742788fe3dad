"""Who was there on which day, of all event kinds together, merged once for all questions about it.

Nine kinds tell of the same users, and every question about users would merge their rows anew. They are merged month by
month, so that a question reads those it asks about. Data files never change: what was merged of some of them holds for
as long as they are part of the lake, and new ones are put beside it. A month that is over is kept in the home, for
every process and after every start.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from metrics.engine.database import write_parquet
from metrics.engine.query import Window
from metrics.engine.scratch import Copies, Scratch
from metrics.engine.statement import Month, Relation, Statement
from metrics.engine.time_sql import span_sql
from metrics.lake.derived import Derived, found, keep, source_name
from metrics.lake.shapes import BUCKET, FIRST, HOURS, USER

MERGE_FROM = 200_000
"""Rows of the kinds' rollups from which to merge them pays."""
MOST_PARTS = 8
"""Merged files of one month beyond which they are merged themselves."""
KEPT = 256
"""Months of views remembered; the one not asked about for longest goes first."""

_LOG = logging.getLogger(__name__)


class UserDays:
    """The days merged so far. Safe to share between threads."""

    def __init__(self, home: Path, merge_from: float = MERGE_FROM) -> None:
        self._home = home
        self._merge_from = merge_from
        self._scratch = Scratch()
        self._kept: dict[str, Derived] = {}

    def over(self, statement: Statement) -> Statement:
        """The statement over days that are merged, where that is less to read; else as it is."""
        return replace(statement, relations=tuple(map(self._over, statement.relations)))

    def _over(self, relation: Relation) -> Relation:
        if not relation.months or relation.rows < self._merge_from:
            return relation
        try:
            paths = [path for month in relation.months for path in self._merged(relation, month)]
        except (duckdb.Error, OSError):  # no room for a copy: the rollups still answer
            _LOG.warning("users' days could not be merged", exc_info=True)
            return relation
        return replace(relation, files=tuple(map(str, paths)), present=None)

    def _merged(self, relation: Relation, month: Month) -> Sequence[Path]:
        """Files that hold the days of the month, each user at most once a day in each."""
        copies = self._scratch.copies((relation.merged_by, month.start), KEPT)
        with copies.lock:
            wanted = frozenset(month.files)
            # Compaction and retention put other files in the place of some: what was merged of those is merged anew.
            self._scratch.drop(copies, [files for files in copies.parts if not files <= wanted])
            is_here = wanted <= frozenset[str]().union(*copies.parts)
            kept = self._kept_of(relation, month) if month.is_over and not is_here else None
            if kept is None:
                return self._beside(copies, relation, month, wanted)
            rest = frozenset(file for file in wanted if source_name(file) not in kept.sources)
            return [kept.path, *self._beside(copies, relation, month, rest)]

    def _kept_of(self, relation: Relation, month: Month) -> Derived | None:
        """The file that the home keeps of the month; None where it can keep none."""
        name = f"days of users by {', '.join(relation.merged_by)}, {month.start:%Y-%m}"
        sources, known = frozenset(map(source_name, month.files)), self._kept.get(name)
        if known and known.sources <= sources and known.path.exists():
            return known
        try:
            kept = found(self._home, name, sources) or keep(
                self._home, name, sources, lambda path: _write(relation, month, month.files, path)
            )
        except (duckdb.Error, OSError) as error:  # it may be read-only
            _LOG.warning("%s: not kept in the home: %s", name, error)
            return None
        self._kept[name] = kept
        return kept

    def _beside(self, copies: Copies, relation: Relation, month: Month, wanted: frozenset[str]) -> Sequence[Path]:
        """Files of this engine alone that hold what else there is of the month."""
        missing = wanted.difference(*copies.parts)
        if missing:
            copies.parts[missing] = self._written(relation, month, sorted(missing))
        if len(copies.parts) > MOST_PARTS:
            merged = replace(relation, present=None)
            together = self._written(merged, month, list(map(str, copies.parts.values())))
            sources = frozenset[str]().union(*copies.parts)
            self._scratch.drop(copies, list(copies.parts))
            copies.parts[sources] = together
        return list(copies.parts.values())

    def _written(self, relation: Relation, month: Month, files: Sequence[str]) -> Path:
        path = self._scratch.new_path()
        _write(relation, month, files, path)
        return path


def _write(relation: Relation, month: Month, files: Sequence[str], path: Path) -> None:
    source, keys = replace(relation, files=tuple(files)), ", ".join(f'"{name}"' for name in relation.merged_by)
    days = Window(start=month.start, end=month.end)
    text = (
        f"SELECT {keys}, bit_or({HOURS}) AS {HOURS}, min({FIRST}) AS {FIRST} FROM {source.sql} "
        f"WHERE {span_sql(BUCKET, [days])} GROUP BY ALL ORDER BY {BUCKET}, {USER}"
    )
    nothing: Mapping[str, object] = {}
    write_parquet(Statement(text, nothing, (source,)), path)
