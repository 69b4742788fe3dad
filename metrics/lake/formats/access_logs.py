"""Access logs: plain text, one request a line. A line that is not of the file's form is rejected by itself."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import polars as pl

from metrics.lake.formats.batches import LONGEST_SHOWN, TEXT_BATCH_ROWS, Batch, Opened, chunks
from metrics.lake.formats.encodings import NO_UTF8
from metrics.lake.formats.log_forms import FORMS, Form, Row
from metrics.lake.formats.text import Text, shown_bytes

_LOOKED_AT = 100
_ENOUGH = 0.5
"""Share of the first lines that must be of a form."""
_NOTHING = ("", "-")


def fits(text: Text) -> bool:
    """Whether the first lines are of an access log."""
    return _form_of(text) is not None


def _form_of(text: Text) -> Form | None:
    lines = [line for line in text.head.splitlines()[:_LOOKED_AT] if line.strip()]
    lines = lines if text.is_whole or len(lines) < 2 else lines[:-1]
    counted = [(sum(form.row(line) is not None for line in lines), form) for form in FORMS]
    most, form = max(counted, key=lambda pair: pair[0])
    return form if most and most >= _ENOUGH * len(lines) else None


def open_log(text: Text, batch_rows: int) -> Opened:
    """Open an access log that `fits`."""
    form = _form_of(text) or FORMS[0]
    note = f"read as lines of the {form.name}"
    return Opened(partial(_batches, text, form, min(batch_rows, TEXT_BATCH_ROWS)), notes=(*text.notes, note))


def _batches(text: Text, form: Form, batch_rows: int) -> Iterator[Batch]:
    for numbered in chunks(enumerate(text.text_lines()), batch_rows):
        good: list[tuple[int, Row]] = []
        broken: list[tuple[int, str, str]] = []
        for number, line in numbered:
            row = form.row(line.strip())
            reason = shown_bytes(line) if text.encoding.errors != "strict" else None
            if row is None or reason:
                said = reason or f"not a line of the {form.name}"
                broken.append((number, said, NO_UTF8.sub("?", line[:LONGEST_SHOWN])))
            else:
                good.append((number, row))
        rows = frame_of_texts([row for _, row in good])
        yield Batch(rows, tuple(broken), numbers=tuple(number for number, _ in good))


def frame_of_texts(rows: Sequence[Mapping[str, str | None]]) -> pl.DataFrame:
    """Rows of texts as a frame: a column a name, nothing where there is `-`."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: pl.Series(name, [row.get(name) for row in rows], pl.String) for name in names}
    return pl.DataFrame(columns).with_columns(pl.when(~pl.col(pl.String).is_in(_NOTHING)).then(pl.col(pl.String)))
