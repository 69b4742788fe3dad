"""How a table of text is written: what separates its fields, where its header is, what its columns are called.

Decided on the first rows, outside of quotes, and not by the file's name: office programs write `;` into `.csv`.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from metrics.lake.problems import Unreadable

SEPARATORS = (",", ";", "\t", "|")
LONGEST_FIELD = 16 * 1024 * 1024
_LOOKED_AT = 300
"""Rows by which it is decided."""
_MOST_OF_A_HEADER = 0.6
"""Share of the columns that a header names; what names fewer is a title above it."""
_SAID = re.compile(r'\A"?sep=(.)"?\s*?(?:\r\n|\r|\n)', re.IGNORECASE)
"""A first line by which Excel is told the separator."""
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d?[./]\d\d?[./]\d{4}|\d{10,}")

Row = Sequence[str]


@dataclass(frozen=True)
class Dialect:
    """How to read the rows of a table, and where they begin."""

    separator: str
    escape: str | None = None
    """What stands before a quotation mark within quotes, where it is not doubled."""
    skipped: int = 0
    """Rows before the first of the data: blank lines, a title, the header."""
    header: tuple[str, ...] = ()
    """The columns' names as they stand there."""
    note: str = ""

    def rows(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        """All rows of a text, those before the header too; `strict`: raises `csv.Error` for misplaced quotes."""
        csv.field_size_limit(LONGEST_FIELD)
        return csv.reader(
            lines, delimiter=self.separator, escapechar=self.escape, doublequote=True, skipinitialspace=True,
            strict=strict,
        )  # fmt: skip


def dialect_of(head: str, *, is_whole: bool, must_be: bool) -> Dialect:
    """The dialect of a table of text that begins with `head`.

    Raises:
        Unreadable: it is no table, or nothing names its columns. `must_be`: the file's name says that it is one,
            so that one column is enough.
    """
    said = _SAID.match(head)
    separators = (said.group(1),) if said else SEPARATORS
    escapes = (None, "\\") if '\\"' in head else (None,)
    tried = [_tried(Dialect(separator, escape), head, is_whole) for separator in separators for escape in escapes]
    fitting = [(fit, dialect) for fit, dialect in tried if dialect.header]
    best = max(fitting, key=lambda pair: pair[0], default=(_NO_FIT, None))[1]
    if best is None and must_be:
        best = _only_column(head)
    if best is None:
        begin = head.strip().split("\n", 1)[0][:80].strip()
        raise Unreadable(
            f"it is no table (none of , ; tab | separates fields), no JSON and no access log: it begins with {begin!r}"
        )
    _check_header(best.header)
    return best


_Fit = tuple[bool, float, bool, int]
"""Whether the header names columns, which share of the rows fits it, whether nothing is above it, its columns."""
_NO_FIT: _Fit = (False, 0.0, False, 0)


def _tried(dialect: Dialect, head: str, is_whole: bool) -> tuple[_Fit, Dialect]:
    """How well a dialect fits the first rows, and the dialect with the header found; without one it does not."""
    try:
        rows = list(zip(range(_LOOKED_AT), dialect.rows(io.StringIO(head, newline="")), strict=False))
    except csv.Error:
        return _NO_FIT, dialect
    if not is_whole and len(rows) < _LOOKED_AT:
        rows = rows[:-1]  # it may be cut off
    filled = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    table = [(number, row) for number, row in filled if not _is_comment(row)]
    usual = Counter(len(row) for _, row in table).most_common(1)[0][0] if table else 0
    wide = [(number, row) for number, row in table if _filled(row) >= max(2, usual * _MOST_OF_A_HEADER)]
    if not wide:
        return _NO_FIT, dialect
    number, header = wide[0]
    commented = _commented_header(filled, number, header)
    if commented:
        number, header = commented[0], commented[1]
    width = len(_trimmed(header))
    below = [row for at, row in table if at > number]
    fits = sum(len(_trimmed(row)) <= width and len(row) >= min(width, 2) for row in below) / max(1, len(below))
    above = [row for at, row in table if at < number and not _is_separator(row)]
    if above and not below:
        return _NO_FIT, dialect  # prose that has a comma somewhere
    note = f"{len(above):,} lines above its header, which are no table, were passed over" if above else ""
    fit = (not _is_data(header), round(fits, 1), not above, width)
    return fit, replace(dialect, skipped=number + 1, header=tuple(header), note=note)


def _commented_header(filled: Sequence[tuple[int, Row]], number: int, row: Row) -> tuple[int, list[str]] | None:
    """A header that stands behind a `#`, where what seems to be one is data."""
    above = [(at, cells) for at, cells in filled if at < number and cells[0].startswith("#")]
    if not above or not _is_data(row) or len(above[-1][1]) != len(row):
        return None
    at, cells = above[-1]
    return number - 1 if at == number - 1 else at, [cells[0].lstrip("# "), *cells[1:]]


def _only_column(head: str) -> Dialect | None:
    lines = head.splitlines()
    number = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    return None if number is None else Dialect(",", skipped=number + 1, header=(lines[number].strip(),))


def _is_comment(row: Row) -> bool:
    return row[0].startswith("#")


def _is_separator(row: Row) -> bool:
    return row[0].lower().startswith("sep=")


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _trimmed(row: Row) -> Row:
    """Without the empty fields at its end."""
    width = len(row)
    while width and not row[width - 1].strip():
        width -= 1
    return row[:width]


def looks_of(row: Row) -> list[str]:
    """What each cell looks like: a moment, a number, or something else."""
    return [
        "moment" if _MOMENT.match(cell) else "number" if _NUMBER.fullmatch(cell) else "other"
        for cell in (cell.strip() for cell in row)
    ]


def _is_data(row: Row) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in cells)
    return any(_MOMENT.match(cell) for cell in cells) or numbers * 2 > len(cells)


def _check_header(header: Row) -> None:
    if not any(name.strip() for name in header):
        raise Unreadable("the first line names no columns")
    if _is_data(header):
        shown = ", ".join(cell.strip() for cell in header)[:100]
        raise Unreadable(f"nothing names its columns: the first line is {shown!r}; write a line with their names above")


def names_of(header: Row) -> tuple[list[str], tuple[tuple[int, int], ...]]:
    """Names of columns, each once, and which columns have the name of an earlier one: (earlier, later)."""
    trimmed = [name.strip().strip("\ufeff\x00").strip() for name in _trimmed(header)]
    names: list[str] = []
    again: list[tuple[int, int]] = []
    for place, name in enumerate(trimmed):
        plain = name or f"column_{place + 1}"
        if plain in names:
            again.append((names.index(plain), place))
            plain = next(free for number in count(2) if (free := f"{plain}_{number}") not in (*names, *trimmed))
        names.append(plain)
    return names, tuple(again)
