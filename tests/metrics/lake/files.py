"""Small files of requests, good ones and every sort of bad one."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = datetime(2026, 5, 30, tzinfo=UTC)


def requests(count: int = 10, first: int = 0, **columns: Any) -> pl.DataFrame:
    """Requests 40 seconds apart, with the ids `r<first>` and on."""
    numbers = range(first, first + count)
    return pl.DataFrame(
        {
            "ts": [START + timedelta(seconds=40 * number) for number in numbers],
            "event_id": [f"r{number}" for number in numbers],
            "user_id": [f"u{number % 5}" for number in numbers],
            "endpoint": [f"/e{number % 3}" for number in numbers],
            "status_code": [500 if number % 9 == 0 else 200 for number in numbers],
            "duration_ms": [10.0 + number % 50 for number in numbers],
            **columns,
        }
    )


def _bytes(path: Path, change: Callable[[bytes], bytes]) -> None:
    requests(200).write_parquet(path)
    path.write_bytes(change(path.read_bytes()))


def _with_corrupt_footer(content: bytes) -> bytes:
    begin = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    return content[:begin] + b"\xee" * 120 + content[begin + 120 :]


def _corrupt_page(path: Path) -> None:
    requests(4000).write_parquet(path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[40:400] = b"\xff" * 360
    path.write_bytes(bytes(content))


def _encrypted(path: Path) -> None:
    _bytes(path, lambda content: content[:-4] + b"PARE")


def _many_columns(path: Path) -> None:
    wide = [pl.Series(f"column_{number}", [number] * 3) for number in range(10_000)]
    requests(3).with_columns(wide).write_parquet(path)


def _duplicate_names(path: Path) -> None:
    table = requests(3).to_arrow()
    pq.write_table(pa.table([*table.columns, table["endpoint"]], names=[*table.column_names, "endpoint"]), path)


def _int96(path: Path) -> None:
    table = requests(3).with_columns(pl.col("ts").dt.cast_time_unit("ns")).to_arrow()
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)


def _nested(path: Path) -> None:
    requests(3, payload=[{"a": [1, 2], "b": {"c": "x"}}] * 3).write_parquet(path)


def _other_types(path: Path) -> None:
    pl.DataFrame(
        {
            "ts": ["soon", "later"],
            "endpoint": [b"\xff\x00", b"/a"],
            "status_code": ["fine", "200"],
            "duration_ms": ["x", "1"],
        }
    ).write_parquet(path)


def _linked(path: Path) -> None:
    target = path.with_name("target.bin")
    requests(3).write_parquet(target)
    path.symlink_to(target)


def _folder(path: Path) -> None:
    path.mkdir()


def _rows(**columns: Any) -> Callable[[Path], None]:
    return lambda path: requests(3, **columns).write_parquet(path)


Making = Callable[[Path], object]

HOSTILE: Mapping[str, tuple[Making, str, int]] = {
    "truncated": (lambda path: _bytes(path, lambda content: content[: len(content) // 2]), "footer", 0),
    "empty": (lambda path: path.write_bytes(b""), "empty", 0),
    "a few bytes": (lambda path: path.write_bytes(b"PAR1"), "too few", 0),
    "not parquet": (lambda path: path.write_bytes(b"hello " * 50), "does not begin", 0),
    "corrupt footer": (lambda path: _bytes(path, _with_corrupt_footer), "damaged", 0),
    "absurd footer length": (
        lambda path: _bytes(path, lambda content: content[:-8] + b"\xff\xff\xff\x7f" + content[-4:]),
        "footer claims",
        0,
    ),
    "corrupt page": (_corrupt_page, "damaged", 0),
    "encrypted": (_encrypted, "encrypted", 0),
    "zero rows": (lambda path: requests(3).clear().write_parquet(path), "no rows", 0),
    "zero columns": (lambda path: pq.write_table(pa.table({}), path), "no columns", 0),
    "foreign columns": (lambda path: pl.DataFrame({"a": [1], "b": [2]}).write_parquet(path), "of no known kind", 0),
    "no time": (lambda path: requests(3).drop("ts").write_parquet(path), "can be given them", 0),
    "wrong types": (_other_types, "ts is soon; expected a time", 0),
    "a list for a time": (_rows(ts=[["a", "b"]] * 3), "expected a time", 0),
    "negative durations": (_rows(duration_ms=[-1.0, 5.0, 6.0]), "duration_ms is -1.0; expected at least 0", 2),
    "infinity": (_rows(duration_ms=[float("inf"), 5.0, 6.0]), "expected a number", 2),
    "future": (_rows(ts=[NOW + timedelta(days=2), START, START]), "ts is 2026-06-03", 2),
    "before computers": (_rows(ts=[datetime(1970, 1, 1, tzinfo=UTC), START, START]), "ts is 1970-01-01", 2),
    "odd status": (_rows(status_code=[999, 200, 200]), "status_code is 999; expected at most 599", 2),
    "text for numbers": (_rows(duration_ms=["fast", "5", "6"]), "duration_ms is fast; expected a number", 2),
    "symbolic link": (_linked, "symbolic link", 0),
    "folder": (_folder, "folder without any event file", 0),
}  # fmt: skip
"""Name: how it is made, words of its reason, rows that are good all the same."""

ODD: Mapping[str, Making] = {
    "nested columns": _nested,
    "10,000 columns": _many_columns,
    "duplicate column names": _duplicate_names,
    "int96": _int96,
    "nanoseconds": lambda path: requests(3).with_columns(pl.col("ts").dt.cast_time_unit("ns")).write_parquet(path),
    "another time zone": lambda path: (
        requests(3).with_columns(pl.col("ts").dt.convert_time_zone("Asia/Kolkata")).write_parquet(path)
    ),
    "naive times": lambda path: requests(3).with_columns(pl.col("ts").dt.replace_time_zone(None)).write_parquet(path),
    "epoch milliseconds": lambda path: requests(3).with_columns(pl.col("ts").dt.epoch("ms")).write_parquet(path),
    "ISO texts": lambda path: requests(3).with_columns(pl.col("ts").dt.to_string("iso:strict")).write_parquet(path),
    "empty texts": _rows(user_id=["", "", ""]),
    "huge texts": _rows(user_id=["x" * 200_000, "b", "c"]),
    "absurd column names": _rows(**{"": [1, 2, 3], "select * from x; --": [1, 2, 3], "\u202e<b>": ["a", "b", "c"]}),
    "categories": lambda path: requests(3).with_columns(pl.col("endpoint").cast(pl.Categorical)).write_parquet(path),
    "HTML": _rows(endpoint=["<script>alert(1)</script>", "/a", "/b"]),
    "numbers for ids": _rows(user_id=[1, 2, 3]),
    "NaN": _rows(duration_ms=[float("nan"), 5.0, 6.0]),
    "all nulls": _rows(user_id=[None, None, None], duration_ms=[None, None, None]),
}
"""Files of three rows that look odd and are good."""
