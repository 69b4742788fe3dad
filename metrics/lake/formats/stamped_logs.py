"""Lines of a program that something has stamped with a time, some of which are JSON: rows as Docker's log has them.

    2026-05-01T10:00:00.123456789Z stdout F {"model": …}     CRI: containers in Kubernetes; P is a part of a longer line
    2026-05-01T10:00:00.123Z {"model": …}                    CloudWatch's export to S3, `kubectl logs --timestamps`
    2026-05-01T10:00:00+00:00<tab>app.chat<tab>{"model": …}  Fluentd's files

A row has `time`, `log`, in which the line stands as the program wrote it, and where it is said `stream`.
"""

import re
from collections.abc import Iterator
from functools import partial

from metrics.lake.formats.access_logs import frame_of_texts
from metrics.lake.formats.batches import LONGEST_SHOWN, TEXT_BATCH_ROWS, Batch, Opened, chunks
from metrics.lake.formats.encodings import NO_UTF8
from metrics.lake.formats.pieces import Pieces
from metrics.lake.formats.text import Text, shown_bytes

_TIME = r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d))"
_FORMS = (
    re.compile(rf"{_TIME} (?P<stream>stdout|stderr) (?P<piece>[FP])(?::\w+)* (?P<log>.*)", re.DOTALL),
    re.compile(rf"{_TIME}\t(?P<stream>[^\t{{]+)\t(?P<log>.*)", re.DOTALL),
    re.compile(rf"{_TIME}[ \t]+(?P<log>.*)", re.DOTALL),
)
"""A time without its zone stamps no line: what its clock showed is not known."""
_LOOKED_AT = 100
_ENOUGH = 0.5
"""Share of the first lines that must be stamped."""

Row = dict[str, str | None]


def fits(text: Text) -> bool:
    """Whether the first lines are stamped, and one of them is JSON."""
    return _form_of(text) is not None


def _form_of(text: Text) -> re.Pattern[str] | None:
    lines = [line for line in text.head.splitlines()[:_LOOKED_AT] if line.strip()]
    lines = lines if text.is_whole or len(lines) < 2 else lines[:-1]
    for form in _FORMS:
        found = [match for line in lines if (match := form.fullmatch(line))]
        if len(found) >= _ENOUGH * len(lines) and any(match["log"].startswith("{") for match in found):
            return form
    return None


def open_log(text: Text, batch_rows: int) -> Opened:
    """Open a log that `fits`."""
    form = _form_of(text) or _FORMS[-1]
    return Opened(partial(_batches, text, form, min(batch_rows, TEXT_BATCH_ROWS)), notes=text.notes)


def _batches(text: Text, form: re.Pattern[str], batch_rows: int) -> Iterator[Batch]:
    for numbered in chunks(_rows(text, form), batch_rows):
        good = [(number, row) for number, row in numbered if isinstance(row, dict)]
        broken = [(number, *row) for number, row in numbered if not isinstance(row, dict)]
        rows = frame_of_texts([row for _, row in good])
        yield Batch(rows, tuple(broken), numbers=tuple(number for number, _ in good))


def _rows(text: Text, form: re.Pattern[str]) -> Iterator[tuple[int, Row | tuple[str, str]]]:
    """Each line as a row, or a reason and the line; those in pieces where their last piece stands."""
    pieces = Pieces()
    for number, line in enumerate(text.text_lines()):
        match = form.fullmatch(line)
        reason = shown_bytes(line) if text.encoding.errors != "strict" else None
        if match is None or reason:
            yield number, (reason or "no line that is stamped with a time", NO_UTF8.sub("?", line[:LONGEST_SHOWN]))
            continue
        said = match.groupdict()
        stream = said.get("stream")
        log = pieces.line(number, stream, match["log"], more=said.get("piece") == "P")
        if log is not None:
            yield number, {"time": said["time"], "log": log} | ({"stream": stream} if stream else {})
    for number, *broken in pieces.rest():
        yield number, (broken[0], broken[1])
