"""Tables of text (CSV and its kin) as frames of texts.

Rows that lack fields at their end are filled up where those columns are empty elsewhere, too: some writers leave out
what is empty. A row that lacks what all others have, or has more than the header, is broken: one reason each.
"""

import csv
import io
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import polars as pl

from metrics.lake.formats.batches import LONGEST_SHOWN, TEXT_BATCH_ROWS, Batch, Opened, chunks
from metrics.lake.formats.dialects import Dialect, dialect_of, names_of
from metrics.lake.formats.even_lines import blocks, even_rows, has_lines
from metrics.lake.formats.numerals import Numerals, numerals_of
from metrics.lake.formats.packing import PROBLEMS
from metrics.lake.formats.quoting import Unclosed, closed_rows
from metrics.lake.formats.text import Text, shown_bytes
from metrics.lake.problems import Unreadable

_PIECE_ROWS = 1000
"""Rows that are held as lists."""

Numbered = tuple[int, list[str]]


def open_delimited(text: Text, batch_rows: int, *, must_be: bool) -> Opened:
    """Open a table of text.

    Raises:
        Unreadable: it is no table, or nothing names its columns.
    """
    dialect = dialect_of(text.head.lstrip("\ufeff"), is_whole=text.is_whole, must_be=must_be)
    names, again = names_of(dialect.header)
    table = _Table(text, dialect, names, again, min(batch_rows, TEXT_BATCH_ROWS))
    may_have_commas = text.has_quoted_commas if dialect.separator == "," else text.has_commas_in_numbers
    numerals = numerals_of(batch.rows for batch in table.plain()) if may_have_commas else Numerals()
    notes = [dialect.note] if dialect.note else []
    if again:
        notes.extend(_told_again(names, again, table.repeated))
    return Opened(
        lambda: table.batches(numerals), notes=(*text.notes, *notes, *numerals.notes), separator=dialect.separator
    )


def _told_again(names: list[str], again: tuple[tuple[int, int], ...], same: frozenset[int]) -> Iterator[str]:
    for earlier, later in again:
        became = "says the same and was left out" if later in same else f"differs and is called {names[later]}"
        yield f"two columns are named {names[earlier]}: the later one {became}"


@dataclass(frozen=True)
class _Table:
    text: Text
    dialect: Dialect
    names: list[str]
    again: tuple[tuple[int, int], ...]
    """Columns with the name of an earlier one."""
    batch_rows: int

    def batches(self, numerals: Numerals) -> Iterator[Batch]:
        dropped = [self.names[place] for place in self.repeated] if self.again else []
        for batch in self.plain(fills=True):
            yield Batch(numerals.read(batch.rows.drop(dropped)), batch.broken, numbers=batch.numbers)

    @cached_property
    def repeated(self) -> frozenset[int]:
        """Columns that say the same as the earlier one of their name, in all rows."""
        same = {later for _, later in self.again}
        for batch in self.plain():
            for earlier, later in self.again:
                if later in same and not batch.rows[self.names[earlier]].equals(
                    batch.rows[self.names[later]], check_names=False
                ):
                    same.discard(later)
        return frozenset(same)

    @cached_property
    def always_filled(self) -> int:
        """How many fields a row must have: up to the last column that is filled in all rows that have it."""
        filled = dict.fromkeys(self.names, True)
        for batch in self.plain():
            for name in [name for name, still in filled.items() if still]:
                filled[name] = batch.rows[name].null_count() == 0
        return max((place + 1 for place, name in enumerate(self.names) if filled[name]), default=1)

    def plain(self, *, fills: bool = False) -> Iterator[Batch]:
        """Batches of texts; short rows are broken, or filled up where they may be."""
        for pieces in self._gathered(self._pieces(fills=fills)):
            texts = pl.concat([piece.rows for piece in pieces])
            stripped = texts.with_columns(pl.col(pl.String).str.strip_chars().str.strip_chars("\x00"))
            rows = stripped.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
            numbers = [number for piece in pieces for number in piece.numbers]
            nothing = rows.select(pl.all_horizontal(pl.all().is_null())).to_series()
            if nothing.any():  # a line of separators alone, as spreadsheets write them, is no row
                rows = rows.filter(~nothing)
                numbers = [number for number, empty in zip(numbers, nothing, strict=True) if not empty]
            broken = tuple(row for piece in pieces for row in piece.broken)
            yield Batch(rows, broken, numbers=tuple(numbers))

    def _gathered(self, pieces: Iterator[Batch]) -> Iterator[list[Batch]]:
        """As many pieces as make a batch, cut where it is full."""
        held: list[Batch] = []
        rows = 0
        for piece in pieces:
            while not piece.broken and rows + piece.rows.height > self.batch_rows:
                room = self.batch_rows - rows
                yield [*held, Batch(piece.rows.head(room), numbers=piece.numbers[:room])]
                piece, held, rows = Batch(piece.rows.slice(room), numbers=piece.numbers[room:]), [], 0
            held.append(piece)
            rows += piece.rows.height + len(piece.broken)
            if rows >= self.batch_rows:
                yield held
                held, rows = [], 0
        if held:
            yield held

    def _pieces(self, *, fills: bool) -> Iterator[Batch]:
        """The rows as they stand there, a few at a time: many lists at once keep Python busy with clearing them up."""
        if not has_lines(self.text):
            yield from self._listed(self._rows(), 0, fills=fills, is_last=True)
            return
        header, width, start, above = self.dialect.header, len(self.names), 0, self.dialect.skipped
        for block, is_last in blocks(self.text):
            if above:
                block, above = _below(block, above)
            if not block:
                continue
            even = even_rows(block, self.dialect.separator, header, width)
            if even is None:
                rows = self._data(self.dialect.rows(io.StringIO(block.decode(), newline="")))
                start = yield from self._listed(rows, start, fills=fills, is_last=is_last)
                continue
            even.columns = self.names
            yield Batch(even, numbers=tuple(range(start, start + even.height)))
            start += even.height

    def _listed(
        self, every: Iterator[list[str]], start: int, *, fills: bool, is_last: bool
    ) -> Generator[Batch, None, int]:
        """Rows that are lists, from number `start` on; gives the number after the last.

        `is_last`: the last of them is the last of the file.
        """
        width, is_strict, most = (
            len(self.names),
            self.text.encoding.errors == "strict",
            min(_PIECE_ROWS, self.batch_rows),
        )
        for rows in chunks(every, most):
            is_even = set(map(len, rows)) == {width} and not (self.text.has_quotes and any(map(_is_unclosed, rows)))
            if is_strict and is_even:
                yield Batch(self._frame(rows), numbers=tuple(range(start, start + len(rows))))
            else:
                may_be_cut_off = is_last and len(rows) < most and not self.text.is_ended
                good, broken = self._sorted(list(enumerate(rows, start)), fills=fills, may_be_cut_off=may_be_cut_off)
                if not is_strict:
                    good, broken = _decodable(good, broken)
                numbers = tuple(number for number, _ in good)
                yield Batch(self._frame([row for _, row in good]), tuple(broken), numbers=numbers)
            start += len(rows)
        return start

    def _frame(self, rows: list[list[str]]) -> pl.DataFrame:
        columns = zip(*rows, strict=True) if rows else [() for _ in self.names]
        return pl.DataFrame(
            {name: pl.Series(name, values, pl.String) for name, values in zip(self.names, columns, strict=True)}
        )

    def _sorted(
        self, numbered: list[Numbered], *, fills: bool, may_be_cut_off: bool
    ) -> tuple[list[Numbered], list[tuple[int, str, str]]]:
        """Rows as wide as the header, and the broken ones with their reason."""
        width = len(self.names)
        good: list[Numbered] = []
        broken: list[tuple[int, str, str]] = []
        torn = _torn(numbered, width, self.always_filled) if fills else set[int]()
        if may_be_cut_off:
            torn.add(numbered[-1][0])
        for number, row in numbered:
            if isinstance(row, Unclosed):
                broken.append((number, row.reason, json.dumps(row)[:LONGEST_SHOWN]))
                continue
            fits = row if len(row) == width else self._fitted(row, fills=fills and number not in torn)
            if fits is None:
                broken.append((number, f"{len(row)} fields; expected {width}", json.dumps(row[:50])[:LONGEST_SHOWN]))
            elif fits:
                good.append((number, fits))
        return good, broken

    def _fitted(self, row: list[str], *, fills: bool) -> list[str] | None:
        """A row of another width as wide as the header; None where it is broken, empty where it is no row."""
        width = len(self.names)
        if row[0].startswith("#"):
            return []
        if len(row) > width:
            return None if any(cell.strip() for cell in row[width:]) else row[:width]
        if not any(cell.strip() for cell in row):
            return []
        return [*row, *[""] * (width - len(row))] if fills and len(row) >= self.always_filled else None

    def _rows(self) -> Iterator[list[str]]:
        with self.text.characters() as file:
            # What has no quotation mark in it has none that could be open.
            rows = partial(closed_rows, self.dialect, width=len(self.names))
            reader = rows(file) if self.text.has_quotes else self.dialect.rows(file)
            try:
                for _ in range(self.dialect.skipped):
                    next(reader, None)
                yield from self._data(reader)
            except PROBLEMS as error:
                raise Unreadable(f"reading stopped: {error}") from error

    def _data(self, rows: Iterator[list[str]]) -> Iterator[list[str]]:
        """Rows that hold something and are not the header once more."""
        header = list(self.dialect.header)
        try:
            yield from (row for row in rows if row and row != header)
        except csv.Error as error:
            raise Unreadable(f"reading stopped: {error}") from error


def _below(block: bytes, lines: int) -> tuple[bytes, int]:
    """A block without so many lines at its beginning, and how many are still to be left out."""
    text = io.StringIO(block.decode(), newline="")
    while lines and text.readline():
        lines -= 1
    return text.read().encode(), lines


def _is_unclosed(row: list[str]) -> bool:
    return type(row) is Unclosed


def _torn(numbered: list[Numbered], width: int, least: int) -> set[int]:
    """Numbers of short rows that together are one: a line break within it was not quoted."""
    torn: set[int] = set()
    for (first, one), (second, two) in pairwise(numbered):
        if len(one) < width and len(two) < least and len(one) + len(two) == width + 1:
            torn.update((first, second))
    return torn


def _decodable(
    good: list[Numbered], broken: list[tuple[int, str, str]]
) -> tuple[list[Numbered], list[tuple[int, str, str]]]:
    """Without the rows that hold bytes that are no UTF-8."""
    reasons = [(number, row, shown_bytes(",".join(row))) for number, row in good]
    lost = [(number, reason, json.dumps(row[:50])[:LONGEST_SHOWN]) for number, row, reason in reasons if reason]
    return [(number, row) for number, row, reason in reasons if reason is None], sorted([*broken, *lost])
