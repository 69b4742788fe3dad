"""Moments and spans of time as SQL."""

from collections.abc import Sequence
from datetime import UTC, datetime

from metrics.engine.query import Window


def span_sql(column: str, windows: Sequence[Window]) -> str:
    """SQL that keeps moments of `column` in any of the windows."""
    spans = (f"({column} >= {moment_sql(w.start)} AND {column} < {moment_sql(w.end)})" for w in windows)
    return f"({' OR '.join(spans)})" if windows else "false"


def moment_sql(moment: datetime) -> str:
    """A moment as an SQL literal."""
    return f"TIMESTAMPTZ '{moment.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f')}+00'"
