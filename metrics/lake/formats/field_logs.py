"""Logs that name their fields in a line of their own: W3C, IIS, CloudFront (`#Fields: …`), Zeek (`#fields …`).

The names are kept as they are given. They may change in the middle: rows have those that were named last.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from urllib.parse import unquote

import polars as pl

from metrics.lake.formats.access_logs import frame_of_texts
from metrics.lake.formats.batches import LONGEST_SHOWN, TEXT_BATCH_ROWS, Batch, Opened
from metrics.lake.formats.encodings import NO_UTF8
from metrics.lake.formats.text import Text, shown_bytes
from metrics.lake.problems import Unreadable

_FIELDS = re.compile(r"#fields:?[ \t]+(\S.*)", re.IGNORECASE)
_VALUE = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')
_LOOKED_AT = 50
_ENCODED = ("cs(user-agent)", "cs(referer)", "cs(cookie)", "cs-user-agent", "cs-referer")
"""Fields whose blanks are written `%20` (CloudFront, sometimes twice over) or `+` (IIS)."""


def fits(text: Text) -> bool:
    """Whether one of the first lines names fields, and none before it is a row."""
    for line in text.head.splitlines()[:_LOOKED_AT]:
        if _FIELDS.match(line.lstrip("\ufeff")):
            return True
        if line.strip() and not line.lstrip("\ufeff").startswith("#"):
            return False
    return False


def open_log(text: Text, batch_rows: int) -> Opened:
    """Open a log that `fits`."""
    return Opened(partial(_batches, text, min(batch_rows, TEXT_BATCH_ROWS)), notes=text.notes)


def _batches(text: Text, batch_rows: int) -> Iterator[Batch]:
    """Batches of rows with the same fields."""
    names: list[str] = []
    waiting: list[tuple[int, str]] = []
    number = 0
    for line in text.text_lines():
        fields = _FIELDS.match(line.lstrip("\ufeff"))
        if fields or len(waiting) == batch_rows:
            if waiting:
                yield _batch(names, waiting)
            waiting = []
        if fields:
            names = list(dict.fromkeys(fields.group(1).split()))
        elif not line.startswith("#"):
            if not names:
                raise Unreadable("its first rows come before the line that names their fields (#Fields)")
            waiting.append((number, line))
            number += 1
    if waiting:
        yield _batch(names, waiting)


def _batch(names: list[str], numbered: list[tuple[int, str]]) -> Batch:
    good: list[tuple[int, dict[str, str]]] = []
    broken: list[tuple[int, str, str]] = []
    for number, line in numbered:
        values = _values(line)
        reason = shown_bytes(line)
        if reason is None and len(values) != len(names):
            reason = f"{len(values)} fields; expected {len(names)}, as its #Fields say"
        if reason:
            broken.append((number, reason, NO_UTF8.sub("?", line[:LONGEST_SHOWN])))
        else:
            good.append((number, dict(zip(names, values, strict=True))))
    rows = frame_of_texts([row for _, row in good])
    encoded = [_decoded(rows[name]) for name in rows.columns if name.lower() in _ENCODED]
    return Batch(rows.with_columns(encoded), tuple(broken), numbers=tuple(number for number, _ in good))


def _values(line: str) -> list[str]:
    if "\t" in line:
        return line.split("\t")
    if '"' not in line:
        return line.split()
    return [
        found.group(1).replace('""', '"') if found.group(1) is not None else found.group(2)
        for found in islice(_VALUE.finditer(line), 10_000)
    ]


def _decoded(values: pl.Series) -> pl.Series:
    texts = values.drop_nulls().unique().to_list()
    return values.replace(texts, [_plain(text) for text in texts])


def _plain(text: str) -> str:
    """A user agent as it was sent; `+` is a blank where it has no other."""
    plain = unquote(unquote(text)) if "%" in text else text
    return plain if " " in plain else plain.replace("+", " ")
