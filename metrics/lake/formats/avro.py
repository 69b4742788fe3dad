"""Avro object containers: a header with the schema, then blocks of rows that can be read one by one, by Polars.

The blocks are walked here: their counts are what the rows that come of them are held against, and a file of any size
is never held whole.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import polars as pl

from metrics.lake.formats.batches import Batch, Opened
from metrics.lake.problems import Unreadable

_SYNC = 16
_LONGEST_NUMBER = 10
"""Bytes of the longest number."""
_LARGEST_HEADER = 2**24
_CUT_OFF = "the Avro file is cut off or damaged: {}"
_Panic = pl.exceptions.PanicException


@dataclass(frozen=True)
class _Block:
    """So many rows, and where they stand."""

    rows: int
    start: int
    end: int


def open_avro(path: Path, batch_rows: int) -> Opened:
    """Open an Avro file.

    Raises:
        Unreadable: it is damaged, empty, or has columns that cannot be read.
    """
    with path.open("rb") as file:
        header, blocks = _walked(file, path.stat().st_size)
    rows = sum(block.rows for block in blocks)
    if rows == 0:
        raise Unreadable("the Avro file has no rows")
    _read(path, header, blocks[:1])
    return Opened(partial(_batches, path, header, tuple(blocks), batch_rows), rows)


def _batches(path: Path, header: bytes, blocks: tuple[_Block, ...], batch_rows: int) -> Iterator[Batch]:
    start = 0
    for together in _grouped(blocks, batch_rows):
        frame, expected = _read(path, header, together), sum(block.rows for block in together)
        if frame.height != expected:
            raise Unreadable(_CUT_OFF.format(f"{expected:,} rows are promised, {frame.height:,} could be read"))
        for rows in frame.iter_slices(batch_rows):
            yield Batch(rows, start=start)
            start += rows.height


def _grouped(blocks: tuple[_Block, ...], batch_rows: int) -> Iterator[list[_Block]]:
    """Blocks that follow on each other, as many as make a batch."""
    held: list[_Block] = []
    for block in blocks:
        if held and sum(one.rows for one in held) + block.rows > batch_rows:
            yield held
            held = []
        held.append(block)
    yield held


def _read(path: Path, header: bytes, blocks: list[_Block]) -> pl.DataFrame:
    with path.open("rb") as file:
        file.seek(blocks[0].start)
        body = file.read(blocks[-1].end - blocks[0].start)
    try:
        return pl.read_avro(io.BytesIO(header + body))
    except (Exception, _Panic) as error:  # Polars raises several types, and panics at types it does not know
        words = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise Unreadable(
            f"the Avro file is damaged or has columns that cannot be read ({words[:200]}); export Parquet or one JSON "
            "object a line"
        ) from error


def _walked(file: IO[bytes], size: int) -> tuple[bytes, list[_Block]]:
    """The header, and where the blocks are."""
    file.seek(4)
    while (pairs := _number(file)) != 0:
        if pairs < 0:  # then their bytes are told, too
            pairs = -pairs
            _number(file)
        for _ in range(2 * pairs):
            _skip(file, size)
            if file.tell() > _LARGEST_HEADER:
                raise Unreadable(_CUT_OFF.format("its header does not end"))
    sync = file.read(_SYNC)
    end = file.tell()
    file.seek(0)
    header = file.read(end)
    blocks: list[_Block] = []
    while file.tell() < size:
        start, rows = file.tell(), _number(file)
        _skip(file, size)
        if rows < 0 or file.read(_SYNC) != sync:
            raise Unreadable(_CUT_OFF.format(f"the block at byte {start:,} does not end as it should"))
        blocks.append(_Block(rows, start, file.tell()))
    return header, blocks


def _skip(file: IO[bytes], size: int) -> None:
    """Go on behind bytes that tell how many they are."""
    length = _number(file)
    if length < 0 or file.tell() + length > size:
        raise Unreadable(_CUT_OFF.format(f"{length:,} bytes are promised at byte {file.tell():,}, which are not there"))
    file.seek(length, io.SEEK_CUR)


def _number(file: IO[bytes]) -> int:
    """A number as Avro writes it: seven bits a byte, the sign in the last bit."""
    value = 0
    for place in range(_LONGEST_NUMBER):
        byte = file.read(1)
        if not byte:
            raise Unreadable(_CUT_OFF.format("it ends within a number"))
        value |= (byte[0] & 0x7F) << (7 * place)
        if not byte[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
    raise Unreadable(_CUT_OFF.format(f"no number ends at byte {file.tell():,}"))
