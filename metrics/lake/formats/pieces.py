"""Lines of programs that a log driver has cut into pieces, put together again: calls with their prompts are long.

CRI says which is a piece. Docker does not: those are of 16 KiB, and only the last ends with a line feed.
"""

from dataclasses import dataclass, field, replace

import polars as pl

from metrics.lake.formats.batches import LONGEST_SHOWN, Batch

_PIECE = 16_000
"""Bytes of a piece of Docker's, at least: 16 KiB, but for a character that was cut in two."""
_LONGEST_LINE = 2**24
"""Characters to which the pieces of a line may add up."""


@dataclass
class Pieces:
    """Of the lines of one file that have no end yet."""

    _begun: dict[str | None, tuple[int, str]] = field(default_factory=dict[str | None, tuple[int, str]])
    """By stream the row of the last piece, and what there is of the line."""

    def __bool__(self) -> bool:
        return bool(self._begun)

    def line(self, number: int, stream: str | None, text: str, *, more: bool) -> str | None:
        """The line that the text of a row ends; None where there is `more` of it to come."""
        _, begun = self._begun.pop(stream, (0, ""))
        if more and len(begun) + len(text) < _LONGEST_LINE:
            self._begun[stream] = number, begun + text
            return None
        return begun + text

    def rest(self) -> tuple[tuple[int, str, str], ...]:
        """Of what has no end, the row, the reason and its text."""
        said = "the last piece of the line is missing: the file is cut off"
        return tuple(sorted((number, said, text[:LONGEST_SHOWN]) for number, text in self._begun.values()))


def are_told(rows: pl.DataFrame, column: str) -> bool:
    """Whether these rows of Docker's tell lines from pieces: what has passed them on may have taken all line feeds."""
    return bool(rows[column].str.ends_with("\n").any())


def together(batch: Batch, column: str, stream: str | None, pieces: Pieces) -> Batch:
    """A batch of Docker's in which each line is one row, that of its last piece; `stream` is the column of streams."""
    rows = batch.rows
    text = pl.col(column)
    more = rows.select(~text.str.ends_with("\n") & (text.str.len_bytes() >= _PIECE)).to_series().fill_null(value=False)
    if not (pieces or more.any()):
        return batch
    numbers = batch.numbers or range(batch.start, batch.start + rows.height)
    streams: list[str | None] = rows[stream].to_list() if stream else [None] * rows.height
    lines = {
        place: line
        for place, (number, one, said, is_piece) in enumerate(
            zip(numbers, streams, rows[column].to_list(), more.to_list(), strict=True)
        )
        if (line := pieces.line(number, one, said or "", more=is_piece)) is not None
    }
    whole = rows[list(lines)].with_columns(pl.Series(column, list(lines.values()), pl.String))
    return replace(batch, rows=whole, numbers=tuple(numbers[place] for place in lines))
