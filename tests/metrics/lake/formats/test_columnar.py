"""Arrow, ORC and Avro: read as Parquet is, batch by batch, and every row or a reason."""

import gzip
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import ipc, orc

from metrics.lake.problems import Unreadable
from tests.metrics.lake.formats.reading import read, written

MOMENT = datetime(2026, 5, 1, 10, tzinfo=UTC)
MICROSECONDS = int(MOMENT.timestamp() * 1e6)
ROWS = 5000
TABLE = pa.table({"n": range(ROWS), "model": pa.array(["gpt-4o"] * ROWS).dictionary_encode()})


def arrow(path: Path, table: Any = TABLE, compression: str | None = None) -> Path:
    with ipc.new_file(str(path), table.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=700)
    return path


def stream(path: Path, table: Any = TABLE) -> Path:
    with ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=700)
    return path


def orc_file(path: Path, table: Any = TABLE) -> Path:
    orc.write_table(table.cast(pa.schema([("n", pa.int64()), ("model", pa.string())])), str(path))
    return path


def polars_avro(path: Path, table: Any = TABLE) -> Path:
    pl.DataFrame(table).cast({"model": pl.String}).write_avro(path, compression="snappy")
    return path


WRITERS: tuple[Callable[[Path], Path], ...] = (arrow, stream, orc_file, polars_avro)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["a.arrow", "a.csv", "a.parquet", "a"])
def test_a_file_is_told_by_what_it_holds(write: Callable[[Path], Path], name: str, tmp_path: Path) -> None:
    found = read(write(tmp_path / name), batch_rows=999)
    assert found.rows["n"].to_list() == list(range(ROWS))
    assert found.rows["model"].cast(pl.String).unique().to_list() == ["gpt-4o"]
    assert found.notes == ()


@pytest.mark.parametrize("write", WRITERS)
def test_it_may_be_packed(write: Callable[[Path], Path], tmp_path: Path) -> None:
    packed = written(tmp_path / "a.gz", gzip.compress(write(tmp_path / "plain").read_bytes()))
    assert read(packed).rows.height == ROWS


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("lost", [1, 20, 300, 2000])
def test_a_file_that_is_cut_off_is_refused(write: Callable[[Path], Path], lost: int, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole").read_bytes()
    with pytest.raises(Unreadable):
        read(written(tmp_path / "a.arrow", whole[:-lost]))


@pytest.mark.parametrize("write", [arrow, stream])
def test_a_file_without_rows_is_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="has no rows"):
        read(write(tmp_path / "a.arrow", TABLE.slice(0, 0)))


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_arrow_may_be_compressed_itself(compression: str, tmp_path: Path) -> None:
    assert read(arrow(tmp_path / "a.feather", compression=compression)).rows["n"].sum() == sum(range(ROWS))


@pytest.mark.parametrize("write", [arrow, stream])
def test_types_of_arrow_are_held_as_those_of_parquet(write: Callable[..., Path], tmp_path: Path) -> None:
    inner = pa.struct([("t", pa.timestamp("ns", "+05:30"))])
    table = pa.table(
        {
            "second": pa.array([MICROSECONDS // 10**6], pa.timestamp("s", "Europe/Kyiv")),
            "millisecond": pa.array([MICROSECONDS // 1000], pa.timestamp("ms", "UTC+2")),
            "local": pa.array([MICROSECONDS], pa.timestamp("us")),
            "moments": pa.array([[{"t": MICROSECONDS * 1000}]], pa.list_(inner)),
            "large": pa.array(["x"], pa.large_string()),
            "view": pa.array(["x"], pa.string_view()),
            "coded": pa.array(["x"], pa.dictionary(pa.int8(), pa.large_string())),
            "money": pa.array([Decimal("1.5")], pa.decimal128(20, 6)),
            "much": pa.array([Decimal("1.5")], pa.decimal256(50, 2)),
            "odd": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        }
    )
    found = read(write(tmp_path / "a.arrow", table))
    row = found.rows.to_dicts()[0]
    assert row["second"] == row["millisecond"] == row["moments"][0]["t"] == MOMENT
    assert row["local"] == MOMENT.replace(tzinfo=None)
    assert row["large"] == row["view"] == row["coded"] == "x"
    assert float(row["money"]) == row["much"] == 1.5
    assert "odd (month_day_nano_interval)" in found.notes[0]


SYNC = b"0123456789abcdef"


def number(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return number(len(data)) + data


def container(fields: Sequence[tuple[str, Any]], blocks: Sequence[Sequence[bytes]], codec: str = "null") -> bytes:
    """An Avro file: the schema, and its rows as they are encoded."""
    schema = {"type": "record", "name": "r", "fields": [{"name": name, "type": kind} for name, kind in fields]}
    meta = {"avro.schema": json.dumps(schema), "avro.codec": codec}
    out = b"Obj\x01" + number(2) + b"".join(text(key) + text(value) for key, value in meta.items()) + b"\x00" + SYNC
    for rows in blocks:
        body = b"".join(rows)
        if codec == "deflate":
            packing = zlib.compressobj(wbits=-15)
            body = packing.compress(body) + packing.flush()
        out += number(len(rows)) + text(body) + SYNC
    return out


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_avro_means_what_its_schema_says(codec: str, tmp_path: Path) -> None:
    fields = [
        ("ts", {"type": "long", "logicalType": "timestamp-millis"}),
        ("model", ["null", "string"]),
        ("cost", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 4}),
        ("status", {"type": "enum", "name": "e", "symbols": ["ok", "error"]}),
        ("usage", {"type": "record", "name": "u", "fields": [{"name": "input_tokens", "type": "long"}]}),
        ("share", "double"),
    ]
    row = b"".join((
        number(MICROSECONDS // 1000), number(1) + text("gpt-4o"), text((-12345).to_bytes(3, "big", signed=True)),
        number(1), number(7), struct.pack("<d", 0.1),
    ))  # fmt: skip
    found = read(written(tmp_path / "a.avro", container(fields, [[row] * 3, [row] * 2], codec))).rows
    assert found.height == 5
    assert found.row(4, named=True) == {
        "ts": MOMENT, "model": "gpt-4o", "cost": Decimal("-1.2345"), "status": "error", "usage": {"input_tokens": 7},
        "share": 0.1,
    }  # fmt: skip


def test_avro_that_polars_cannot_read_says_what_to_export(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="export Parquet or one JSON object a line"):
        read(written(tmp_path / "a.avro", container([("m", {"type": "map", "values": "string"})], [[b"\x00"]])))


def test_a_block_of_avro_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    whole = container([("n", "long")], [[number(one) for one in range(100)]] * 3)
    cases = {"short": whole[:-100], "other end": whole[:-1] + b"?", "a number": whole + b"\xff" * 12}
    for name, damaged in cases.items():
        with pytest.raises(Unreadable, match="cut off or damaged"):
            read(written(tmp_path / f"{name}.avro", damaged))
