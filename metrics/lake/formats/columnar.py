"""Arrow (Feather) as files and streams, Avro and ORC, by their first bytes. Parquet has a module of its own."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import ipc, orc

from metrics.lake.formats.arrow_columns import Source, opened, unreadable
from metrics.lake.formats.avro import open_avro
from metrics.lake.formats.batches import Opened
from metrics.lake.problems import Unreadable

_GOES_ON = b"\xff\xff\xff\xff"
"""How each message of Arrow begins; with a length of nothing, it is the last."""
_STREAM_END = _GOES_ON + b"\x00" * 4
_LONGEST_SCHEMA = 2**24
"""Bytes of a first message beyond which the four bytes before it begin no stream of Arrow."""
HEAD_BYTES = 8
"""First bytes of a file that tell whether it is one of these."""
_NO_END = "the Arrow {} has no end: it is cut off, or still being written; write it again, or write it as Parquet"


def columnar(head: bytes) -> Callable[[Path, int], Opened] | None:
    """What opens a file that begins with these bytes; None where it is none of these formats."""
    if head.startswith(_GOES_ON) and 0 < int.from_bytes(head[4:8], "little") < _LONGEST_SCHEMA:
        return _open_stream
    return next((opens for magic, opens in _OPENS.items() if head.startswith(magic)), None)


def _open_arrow(path: Path, batch_rows: int) -> Opened:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - len(b"ARROW1")))
        if file.read() != b"ARROW1":
            raise Unreadable(_NO_END.format("file"))
    try:
        with pa.OSFile(str(path)) as file:
            reader = ipc.open_file(file)
            source = Source("Arrow", reader.schema, reader.count_rows(), partial(_of_file, path))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable("Arrow", error) from error
    return opened(source, batch_rows)


def _of_file(path: Path, rows: int, names: Sequence[str]) -> Iterator[Any]:
    del names
    with pa.OSFile(str(path)) as file:
        reader = ipc.open_file(file)
        for number in range(reader.num_record_batches):
            yield from _cut(reader.get_batch(number), rows)


def _open_stream(path: Path, batch_rows: int) -> Opened:
    with path.open("rb") as file:
        file.seek(-len(_STREAM_END), io.SEEK_END)
        if file.read() != _STREAM_END:
            raise Unreadable(_NO_END.format("stream"))
    try:
        with pa.OSFile(str(path)) as file, ipc.open_stream(file) as reader:
            schema, rows = reader.schema, sum(batch.num_rows for batch in reader)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable("Arrow", error) from error
    return opened(Source("Arrow", schema, rows, partial(_of_stream, path)), batch_rows)


def _of_stream(path: Path, rows: int, names: Sequence[str]) -> Iterator[Any]:
    del names
    with pa.OSFile(str(path)) as file, ipc.open_stream(file) as reader:
        for batch in reader:
            yield from _cut(batch, rows)


def _open_orc(path: Path, batch_rows: int) -> Opened:
    try:
        file = orc.ORCFile(str(path))
        source = Source("ORC", file.schema, int(file.nrows), partial(_of_orc, path))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable("ORC", error) from error
    return opened(source, batch_rows)


def _of_orc(path: Path, rows: int, names: Sequence[str]) -> Iterator[Any]:
    del names
    file = orc.ORCFile(str(path))
    for stripe in range(file.nstripes):
        yield from _cut(file.read_stripe(stripe), rows)


def _cut(batch: Any, rows: int) -> Iterator[Any]:
    """A batch in as many as it takes to have no more rows than that."""
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


_OPENS: Mapping[bytes, Callable[[Path, int], Opened]] = {
    b"ARROW1": _open_arrow,
    b"Obj\x01": open_avro,
    b"ORC": _open_orc,
}
