"""Rows of statements that several questions share: asked once, whoever asks first."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from metrics.engine.statement import Statement

KEPT = 32
"""Statements remembered; the one not asked for longest goes first."""


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    rows: pl.DataFrame | None = None


class StatementCache:
    """The rows that statements gave: their files are part of them and never change. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()

    def rows(self, statement: Statement, asked: Callable[[Statement], pl.DataFrame]) -> pl.DataFrame:
        """The rows of a statement; who asks for the same at the same time waits for them."""
        key = (statement.text, repr(sorted(statement.parameters.items())), statement.relations)
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        with kept.lock:
            if kept.rows is None:
                kept.rows = asked(statement)
            return kept.rows
