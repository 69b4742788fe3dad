"""What is read a block of lines at a time is what is read row by row, wherever the blocks end."""

from pathlib import Path
from typing import Any

import pytest

from metrics.lake.formats import delimited, even_lines, open_file
from metrics.lake.formats.text import Text
from tests.metrics.lake.formats.reading import written

HEAD = "Usage of May\n\nts,model,note,cost\n"
ROWS = [f"2026-05-01T10:00:{number:02d}Z,gpt-4o, a note ,0.{number}" for number in range(40)]


def numbered(path: Path) -> tuple[list[tuple[Any, ...]], list[tuple[int, str, str]]]:
    """Rows with their numbers, and the broken ones."""
    batches = list(open_file(path, 100_000).read())
    rows = [(at, *row) for batch in batches for at, row in zip(batch.numbers, batch.rows.rows(), strict=True)]
    return rows, [row for batch in batches for row in batch.broken]


def _has_none(_: Text) -> bool:
    return False


def changed(**lines: str) -> str:
    """The rows, some of them replaced by their place."""
    return HEAD + "".join(lines.get(f"at{place}", row) + "\n" for place, row in enumerate(ROWS))


@pytest.mark.parametrize("size", [40, 97, 300, 10_000])
@pytest.mark.parametrize(
    "content",
    [
        changed(),
        changed().replace("\n", "\r\n"),
        changed().removesuffix("\n"),
        changed(at5="", at6="2026-05-01T10:00:00Z,gpt-4o", at20="a,b,c,d,e", at30=",,,"),
        changed(at7="ts,model,note,cost", at8=" ts,model,note,cost"),
        changed(at9="# a remark, and more", at10="#,b,c,d"),
        changed(at11="a,b\rc,d", at12="\0,\0,\0,\0", at13="ä,é,€,✓"),
        changed().replace(",0.", ",").replace("\n", ",\n"),
        changed()[:-9],
    ],
)
def test_blocks_say_the_same_wherever_they_end(
    content: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.csv", content)
    with monkeypatch.context() as patched:
        patched.setattr(delimited, "has_lines", _has_none)
        by_row = numbered(path)
    monkeypatch.setattr(even_lines, "BLOCK_BYTES", size)
    assert numbered(path) == by_row


@pytest.mark.parametrize("batch_rows", [1, 7, 40])
def test_batches_are_as_large_as_was_asked_for(batch_rows: int, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", changed())
    sizes = [batch.rows.height for batch in open_file(path, batch_rows).read()]
    assert sum(sizes) == 40
    assert set(sizes[:-1]) <= {batch_rows}
