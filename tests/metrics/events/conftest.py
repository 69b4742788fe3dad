"""What the tests of events share: files are rows here, converted as the reading process does it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

import polars as pl
import pytest

from metrics.events.conversion import Converted, Occurrences, convert
from metrics.events.mapping.mappings import Mappings
from metrics.events.pricing import PriceBook
from metrics.events.recognition.recognition import recognize

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TIME = "2026-05-01T00:00:00Z"
MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)
SAMPLES = Path(__file__).parents[2] / "samples"

Rows = Mapping[str, Any] | pl.DataFrame
Convert = Callable[..., dict[str, Converted]]


def frame(rows: Rows) -> pl.DataFrame:
    """Rows as a frame; values of one column may be of several types, as in JSON."""
    return rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, strict=False)


def request(**columns: Any) -> dict[str, Any]:
    """One request, some of its columns given."""
    return {"ts": [TIME], "endpoint": ["/a"], "status_code": [200], **columns}


def call(**columns: Any) -> dict[str, Any]:
    """One call of a model, some of its columns given."""
    return {"ts": [TIME], "provider": ["openai"], "model": ["gpt-4o"], "input_tokens": [1000], "output_tokens": [100],
            **columns}  # fmt: skip


@pytest.fixture(scope="session")
def shipped() -> Mappings:
    """The mappings that ship, and none of a home."""
    return Mappings.load(Path("no such directory/mappings.yaml"))


@pytest.fixture
def converted(shipped: Mappings) -> Convert:
    """Recognize and convert rows."""

    def convert_rows(
        rows: Rows,
        *,
        path: str = "file.parquet",
        mappings: Mappings = shipped,
        map_name: str | None = None,
        prices: PriceBook | None = None,
        occurrences: Occurrences | None = None,
        now: datetime = NOW,
    ) -> dict[str, Converted]:
        table = frame(rows)
        recognized = recognize(table.schema, PurePath(path), mappings, map_name, table.head(1000))
        book = prices if prices is not None else PriceBook()
        return convert(table, recognized, now=now, prices=book, source=path, occurrences=occurrences)

    return convert_rows


@pytest.fixture
def event(converted: Convert) -> Callable[..., dict[str, Any]]:
    """The one event that rows become."""

    def only(rows: Rows, **how: Any) -> dict[str, Any]:
        parts = converted(rows, **how)
        assert not [reason for part in parts.values() for reason in part.rejected["reason"]]
        (part,) = parts.values()
        return part.good.row(0, named=True)

    return only


@pytest.fixture
def reasons(converted: Convert) -> Callable[..., list[str]]:
    """Why rows are rejected."""

    def told(rows: Rows, **how: Any) -> list[str]:
        return [reason for part in converted(rows, **how).values() for reason in part.rejected["reason"]]

    return told
