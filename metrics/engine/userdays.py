"""Who was there on which day, of all event kinds together, merged once for all questions about it.

Nine kinds tell of the same users, and every question about users would merge their rows anew. Data files never
change: what was merged of some of them holds for as long as they are part of the lake, and new ones are put beside it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from metrics.engine.database import write_parquet
from metrics.engine.scratch import Copies, Scratch
from metrics.engine.statement import Relation, Statement
from metrics.lake.shapes import FIRST, HOURS, USER

MERGE_FROM = 200_000
"""Rows of the kinds' rollups from which to merge them pays."""
MOST_PARTS = 8
"""Merged files of one view beyond which they are merged themselves."""
KEPT = 16
"""Views remembered; the one not asked about for longest goes first."""

_LOG = logging.getLogger(__name__)


class UserDays:
    """The days merged so far. Safe to share between threads."""

    def __init__(self, merge_from: float = MERGE_FROM) -> None:
        self._merge_from = merge_from
        self._scratch = Scratch()

    def over(self, statement: Statement) -> Statement:
        """The statement over days that are merged, where that is less to read; else as it is."""
        return replace(statement, relations=tuple(map(self._over, statement.relations)))

    def _over(self, relation: Relation) -> Relation:
        if not relation.merged_by or relation.rows < self._merge_from:
            return relation
        merged = self._scratch.copies((relation.name, relation.merged_by), KEPT)
        with merged.lock:
            try:
                paths = self._parts(merged, relation)
            except (duckdb.Error, OSError):  # no room for a copy: the rollups still answer
                _LOG.warning("users' days could not be merged", exc_info=True)
                return relation
        return replace(relation, files=tuple(map(str, paths)), present=None)

    def _parts(self, merged: Copies, relation: Relation) -> Sequence[Path]:
        wanted = frozenset(relation.files)
        # Compaction and retention put other files in the place of some: what was merged of those is merged anew.
        self._scratch.drop(merged, [files for files in merged.parts if not files <= wanted])
        missing = wanted.difference(*merged.parts)
        if missing:
            merged.parts[missing] = self._written(replace(relation, files=tuple(sorted(missing))))
        if len(merged.parts) > MOST_PARTS:
            together = self._written(replace(relation, files=tuple(map(str, merged.parts.values())), present=None))
            self._scratch.drop(merged, list(merged.parts))
            merged.parts[wanted] = together
        return list(merged.parts.values())

    def _written(self, relation: Relation) -> Path:
        keys = ", ".join(f'"{name}"' for name in relation.merged_by)
        nothing: Mapping[str, object] = {}
        text = (
            f"SELECT {keys}, bit_or({HOURS}) AS {HOURS}, min({FIRST}) AS {FIRST} FROM {relation.sql} "
            f"GROUP BY ALL ORDER BY {USER}"
        )
        path = self._scratch.new_path()
        write_parquet(Statement(text, nothing, (relation,)), path)
        return path
