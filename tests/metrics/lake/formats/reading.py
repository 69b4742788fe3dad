"""Files read whole: their rows as one frame, and what could not be read."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from metrics.lake.formats import open_file

CASES = Path(__file__).parents[3] / "fixtures" / "cases"


@dataclass(frozen=True)
class Read:
    """What was found in a file."""

    rows: pl.DataFrame
    broken: tuple[tuple[int, str, str], ...]
    notes: tuple[str, ...]

    @property
    def reasons(self) -> list[str]:
        return [reason for _, reason, _ in self.broken]


def read(path: Path, batch_rows: int = 100_000) -> Read:
    """Everything in a file, and the same again: an opened file can be read twice."""
    opened = open_file(path, batch_rows)
    batches = list(opened.read())
    again = list(opened.read())
    assert [batch.broken for batch in batches] == [batch.broken for batch in again]
    assert all(one.rows.equals(two.rows) for one, two in zip(batches, again, strict=True))
    rows = pl.concat((batch.rows for batch in batches if batch.rows.height), how="diagonal") if batches else None
    return Read(
        pl.DataFrame() if rows is None else rows, tuple(row for batch in batches for row in batch.broken), opened.notes
    )


def written(path: Path, content: str | bytes) -> Path:
    """The path, with that content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read_text(folder: Path, content: str | bytes, name: str = "file.csv") -> Read:
    """What is in a file of that content."""
    return read(written(folder / name, content))
