"""Rows of an Arrow IPC stream that a stranger sent: of plain types only, nothing that is larger than it looks.

A column may refer many times to one long text, have rows that take no room, or be packed: what it unpacks to can then
be any number of times what was sent. Such columns are refused by their type, packed ones by what their message says.
"""

import struct
from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from metrics.collect.bodies import Refused
from metrics.collect.receipt import Event

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
MOST_ROWS = 200_000
_BEGINS = b"\xff\xff\xff\xff"
_PLAIN = (
    pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string, pa.types.is_large_string,
    pa.types.is_timestamp, pa.types.is_date,
)  # fmt: skip
_EXPECTED = "expected text, numbers, booleans, times, or a map of texts"


def is_arrow(body: bytes) -> bool:
    """Whether a body begins as a stream does; no JSON begins so."""
    return body.startswith(_BEGINS)


def rows_of(body: bytes) -> Sequence[Event]:
    """Its rows as events. Raises Refused."""
    try:
        _refuse_packed(body)
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            for field in stream.schema:
                _check(field)
            rows: list[Event] = []
            for batch in stream:
                if len(rows) + batch.num_rows > MOST_ROWS:
                    raise Refused(413, f"the stream has more than {MOST_ROWS:,} rows; send it in smaller parts")
                batch.validate(full=True)
                rows.extend(_events(batch))
            return rows
    except (pa.ArrowException, OSError, ValueError, struct.error, IndexError) as error:
        raise Refused(400, f"the stream of Arrow cannot be read: {str(error)[:200]}") from error


def _check(field: Any) -> None:
    kind = field.type
    if any(is_so(kind) for is_so in _PLAIN):
        return
    if pa.types.is_map(kind) and pa.types.is_string(kind.key_type) and pa.types.is_string(kind.item_type):
        return
    raise Refused(400, f"the column {field.name[:80]!r} is of type {str(kind)[:80]}; {_EXPECTED}")


def _events(batch: Any) -> Sequence[Event]:
    maps = [field.name for field in batch.schema if pa.types.is_map(field.type)]
    frame = pl.DataFrame(pl.from_arrow(batch.drop_columns(maps) if maps else batch))
    times = frame.select(pl.selectors.temporal()).columns
    rows = frame.with_columns(pl.col(times).dt.to_string("iso:strict")).to_dicts()
    for name in maps:
        for row, pairs in zip(rows, batch.column(name).to_pylist(), strict=True):
            row[name] = None if pairs is None else dict(pairs)
    return rows


def _refuse_packed(body: bytes) -> None:
    """Raise Refused where a message says that its columns are packed."""
    at = 0
    while at + 8 <= len(body):
        mark, size = struct.unpack_from("<II", body, at)
        if mark != 0xFFFFFFFF:
            raise ValueError("a message does not begin as one")
        if size == 0:
            return
        message = body[at + 8 : at + 8 + size]
        if len(message) < size:
            raise ValueError("it is cut off")
        if _is_packed(message):
            raise Refused(400, "the columns of the stream are packed; send it without compression of its own")
        at += 8 + size + _body_length(message)
    # A stream may end without saying so.


_HEADER_TYPE, _HEADER, _LENGTH = 1, 2, 3
"""Fields of the table `Message` of Arrow's format; see its Message.fbs."""
_DICTIONARY, _ROWS = 2, 3
_COMPRESSION = 3


def _is_packed(message: bytes) -> bool:
    root = _table(message, 0)
    kind = _field(message, root, _HEADER_TYPE)
    sort = message[kind] if kind else 0
    header = _field(message, root, _HEADER)
    if sort == _DICTIONARY:
        raise Refused(400, f"the stream has a column of categories; {_EXPECTED}")
    return sort == _ROWS and header != 0 and _field(message, _table(message, header), _COMPRESSION) != 0


def _body_length(message: bytes) -> int:
    place = _field(message, _table(message, 0), _LENGTH)
    length: int = struct.unpack_from("<q", message, place)[0] if place else 0
    if length < 0:
        raise ValueError("a message has a negative length")
    return length


def _table(message: bytes, at: int) -> int:
    """Where the table begins that an offset leads to."""
    return at + struct.unpack_from("<I", message, at)[0]


def _field(message: bytes, table: int, number: int) -> int:
    """Where a field of a table lies; 0 where it has none."""
    slots = table - struct.unpack_from("<i", message, table)[0]
    if slots < 0:
        raise ValueError("a table has no slots")
    size: int = struct.unpack_from("<H", message, slots)[0]
    slot = 4 + 2 * number
    if slot + 2 > size:
        return 0
    offset: int = struct.unpack_from("<H", message, slots + slot)[0]
    return table + offset if offset else 0
