"""Files of JSON: one object a line, or a document of any shape, whatever the file's name says."""

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, cast

from metrics.events.rows import otlp
from metrics.lake.formats.batches import LONGEST_SHOWN, TEXT_BATCH_ROWS, Batch, Opened, chunks, collecting_nothing
from metrics.lake.formats.encodings import NO_UTF8
from metrics.lake.formats.json_shapes import OTHER_SIGNAL, PAGES, SPECIAL, rows_of
from metrics.lake.formats.json_stream import Broken, JsonStream
from metrics.lake.formats.json_values import NotJson, frame_of, holds_long_digits, plain_object, values_of
from metrics.lake.formats.text import Text
from metrics.lake.problems import Unreadable

_WRITTEN = r'"\s*\{(?:\s|\\[nrt])*\\"(?:[^"\\\n]|\\.)*(?:"[ \t\r]*(?:\n|\Z)|\Z)'
"""An object that was made JSON twice: a text that is its whole line."""
_BEGINS = re.compile(rf"[\s\ufeff\x1e]*(\{{|{_WRITTEN}|\[\s*(?:[\[{{\"\]]|\Z))")
_BEGINS_OBJECT = re.compile(rf"\{{|{_WRITTEN}")
_SCRIPT = re.compile(
    r"\s*(?:/\*.*?\*/\s*)?(?:[\w$.\[\]'\"]{1,100}\s*\(\s*[\[{]|(?:(?:var|let|const)\s+)?[\w$.]{1,100}\s*=\s*[\[{]"
    r"|\)\]\}'|(?:for\s*\(;;\)|while\s*\(1\));)",
    re.DOTALL,
)
"""How JavaScript around JSON begins: a call (JSONP), an assignment, what keeps it from being run."""
_LINES_LOOKED_AT = 50
_PIECE_LINES = 1000
"""Lines that are looked through at once for numbers that are too long for the fast reader."""
ENDINGS = (".json", ".ndjson", ".jsonl")


def is_json(text: Text, ending: str) -> bool:
    """Whether a text is JSON by how it begins; where its name says so, one line that does is enough."""
    if _BEGINS.match(text.head):
        return True
    return ending in ENDINGS and any(_BEGINS_OBJECT.match(line.lstrip()) for line in _first_lines(text))


def script_around(text: Text) -> str | None:
    """What a text is that is JavaScript with JSON in it, and what to do."""
    found = _SCRIPT.match(text.head)
    if found is None:
        return None
    begin = " ".join(found.group().rstrip("{[ \t\r\n").split())[:60]
    return (
        f"JavaScript around JSON (JSONP and its like): it begins with {begin!r}. Take away what stands before the "
        "first bracket and after the last, or export JSON"
    )


def open_json(text: Text, batch_rows: int) -> Opened:
    """Open a file of JSON.

    Raises:
        Unreadable: nothing in it is JSON, or it holds metrics, which are no events.
    """
    rows = min(batch_rows, TEXT_BATCH_ROWS)
    if _is_one_a_line(text):
        return Opened(partial(_line_batches, text, rows), notes=text.notes)
    first = list(islice(_values(text), 2))
    if len(first) == 1 and otlp.is_metrics(first[0]):
        raise Unreadable(OTHER_SIGNAL)
    if len(first) == 1 and isinstance(first[0], Broken):
        raise Unreadable(first[0].reason.replace("not JSON: ex", "not a JSON document: ex", 1))
    is_alone = len(first) == 1
    return Opened(partial(_value_batches, text, rows, is_alone), notes=(*text.notes, *_told(first, is_alone)))


def _first_lines(text: Text) -> list[str]:
    """Whole lines at its beginning that hold something."""
    lines = text.head.split("\n")
    whole = lines if text.is_whole else lines[:-1]
    return [line.lstrip("\ufeff") for line in whole if line.strip("\ufeff \t\r")][:_LINES_LOOKED_AT]


def _is_one_a_line(text: Text) -> bool:
    """Whether every line is to be read by itself: several of them begin objects, the first is more than a brace."""
    lines = _first_lines(text)
    begun = [line.strip() for line in lines if _BEGINS_OBJECT.match(line)]
    if len(lines) < 2 or not begun or text.head.lstrip("\ufeff \t\r\n").startswith("["):
        return False
    if _is_object(lines[0]):
        return True
    return len(begun) > 1 and all(line not in ("{", "{}") for line in begun[:2]) and any(map(_is_object, begun))


def _is_object(line: str) -> bool:
    try:
        return all(isinstance(value, dict | str) for value in values_of(line))
    except NotJson:
        return False


def _told(first: list[Any], is_alone: bool) -> Iterator[str]:
    """That the rows come out of a page, and that there may be more pages."""
    page = first[0] if is_alone and isinstance(first[0], dict) else None
    if page is None or page.keys().isdisjoint(PAGES):
        return
    if (
        page.get("has_more") is True
        or _has_more_hits(page)
        or page.get("next_page")
        or page.get("next")
        or page.get("nextToken")
    ):
        yield "it is one page of several, as it says itself: export the others, too"


def _has_more_hits(page: dict[str, Any]) -> bool:
    """Whether a search of Elasticsearch found more than it gave."""
    hits = page.get("hits")
    total = hits.get("total") if isinstance(hits, dict) else None
    found = total.get("value") if isinstance(total, dict) else total
    given = hits.get("hits") if isinstance(hits, dict) else None
    return isinstance(found, int) and isinstance(given, list) and found > len(cast("list[Any]", given))


def _line_batches(text: Text, batch_rows: int) -> Iterator[Batch]:
    for numbered in chunks(enumerate(text.lines()), batch_rows):
        with collecting_nothing():
            batch = _line_batch(numbered)
        yield batch


def _line_batch(numbered: list[tuple[int, str | bytes]]) -> Batch:
    good: list[tuple[int, dict[str, Any]]] = []
    broken: list[tuple[int, str, str]] = []
    for at in range(0, len(numbered), _PIECE_LINES):
        piece = numbered[at : at + _PIECE_LINES]
        lines = [line for _, line in piece if isinstance(line, bytes)]
        is_plain = len(lines) == len(piece) and not holds_long_digits(b"".join(lines))
        for number, line in piece:
            value = plain_object(line) if is_plain and isinstance(line, bytes) else None
            if value is None:
                _add_line(line, number, good, broken)
            elif SPECIAL.isdisjoint(value):
                good.append((number, value))
            else:
                _add(value, number, False, good, broken)
    return _batch(good, broken)


def _add_line(
    line: str | bytes, number: int, good: list[tuple[int, dict[str, Any]]], broken: list[tuple[int, str, str]]
) -> None:
    try:
        values = values_of(line)
    except NotJson as error:
        broken.append((number, f"not JSON: {error}", _shown(line)))
        return
    for value in values:
        _add(value, number, False, good, broken)


def _values(text: Text) -> Iterator[Any | Broken]:
    """The values of a document; lists of values below a list of names as objects."""
    with text.characters() as file:
        values = JsonStream(file, may_be_broken=text.encoding.errors != "strict").values()
        first = next(values, None)
        if first is None:
            raise Unreadable("the file has no rows")
        if isinstance(first, list) and first and all(isinstance(name, str) for name in first):
            names = cast("list[str]", first)
            yield from (
                dict(zip(names, cast("list[Any]", value), strict=False)) if isinstance(value, list) else value
                for value in values
            )
        else:
            yield from chain([first], values)


def _value_batches(text: Text, batch_rows: int, is_alone: bool) -> Iterator[Batch]:
    objects = _numbered_rows(text, is_alone)
    for numbered in chunks(enumerate(objects), batch_rows):
        good = [(number, one) for number, one in numbered if not isinstance(one, Broken)]
        broken = [(number, one.reason, one.text) for number, one in numbered if isinstance(one, Broken)]
        yield _batch(good, broken)


def _numbered_rows(text: Text, is_alone: bool) -> Iterator[dict[str, Any] | Broken]:
    for value in _values(text):
        if isinstance(value, Broken):
            yield value
            continue
        good: list[tuple[int, dict[str, Any]]] = []
        broken: list[tuple[int, str, str]] = []
        _add(value, 0, is_alone, good, broken)
        yield from (one for _, one in good)
        yield from (Broken(reason, shown) for _, reason, shown in broken)


def _add(
    value: Any,
    number: int,
    is_alone: bool,
    good: list[tuple[int, dict[str, Any]]],
    broken: list[tuple[int, str, str]],
) -> None:
    try:
        good.extend((number, row) for row in rows_of(value, is_alone=is_alone))
    except NotJson as error:
        broken.append((number, str(error), _shown(json.dumps(value))))


def _shown(line: str | bytes) -> str:
    text = line.decode("utf-8", "backslashreplace") if isinstance(line, bytes) else NO_UTF8.sub("?", line)
    return json.dumps(text[:LONGEST_SHOWN])


def _batch(good: list[tuple[int, dict[str, Any]]], broken: list[tuple[int, str, str]]) -> Batch:
    return Batch(frame_of([row for _, row in good]), tuple(broken), numbers=tuple(number for number, _ in good))
