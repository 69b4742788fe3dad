"""Parquet with columns that not every reader can hold."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.metrics.lake.formats.reading import CASES, read

MOMENT = datetime(2026, 5, 1, 10, tzinfo=UTC)
MICROSECONDS = int(MOMENT.timestamp() * 1e6)


def table(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table({"n": [1, 2], **columns}), path)
    return path


@pytest.mark.parametrize(
    "zone", ["+05:30", "-03:30", "UTC+2", "GMT-2", "Etc/GMT-2", "Z", "CEST", "Europe/Kyiv", "UTC", "Mars/Olympus"]
)
def test_a_moment_is_the_same_under_any_zone(zone: str, tmp_path: Path) -> None:
    moments = pa.array([MICROSECONDS] * 2, pa.timestamp("us", zone))
    found = read(table(tmp_path / "a.parquet", ts=moments))
    assert found.rows["ts"].dt.convert_time_zone("UTC").to_list() == [MOMENT, MOMENT]
    assert found.notes == ()


@pytest.mark.parametrize("name", ["tz_+0530.parquet", "tz_-0330.parquet", "llm_tz_UTC+2.parquet"])
def test_exports_with_odd_zones(name: str) -> None:
    first = read(CASES / "exports" / name).rows["timestamp"][0]
    assert first == datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_a_decimal_of_256_bits_is_read_as_a_number() -> None:
    rows = read(CASES / "exports" / "llm_decimal256_cost.parquet").rows
    assert rows["cost"].sum() == pytest.approx(0.5)
    assert rows.height == 50


def test_nan_comes_as_it_is() -> None:
    assert read(CASES / "exports" / "llm_float_tokens_nan.parquet").rows["input_tokens"].is_nan().sum() > 0


def test_a_column_that_cannot_be_held_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    duckdb.connect().execute(f"copy (select 1 n, 42::variant v union all select 2, 'x'::variant) to '{path}'")
    found = read(path)
    assert found.rows.to_dict(as_series=False) == {"n": [1, 2]}
    assert "left out" in found.notes[0]
    assert "v (VARIANT)" in found.notes[0]


def test_odd_types_within_others_are_held(tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.parquet",
        moments=pa.array([[{"t": MICROSECONDS}]] * 2, pa.list_(pa.struct([("t", pa.timestamp("us", "+05:30"))]))),
        money=pa.array([{"t": Decimal("1.5")}] * 2, pa.struct([("t", pa.decimal256(50, 2))])),
        document=pa.array(["{}", None], pa.json_()),
    )
    rows = read(path).rows
    assert rows["money"].struct.field("t").to_list() == [1.5, 1.5]
    assert rows["moments"].to_list() == [[{"t": MOMENT}], [{"t": MOMENT}]]
    assert rows["document"].to_list() == ["{}", None]


def test_columns_of_one_name_are_one_where_they_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    a, b, c = pa.array([1, 2]), pa.array(["x", "y"]), pa.array(["x", "z"])
    pq.write_table(pa.table([b, a, b, c], names=["s", "n", "s", "s"]), path)
    found = read(path)
    assert found.rows.to_dict(as_series=False) == {"s": ["x", "y"], "n": [1, 2], "s_3": ["x", "z"]}
    assert len(found.notes) == 2


def test_dots_in_the_names_of_columns_do_not_matter(tmp_path: Path) -> None:
    zone = pa.array([MICROSECONDS] * 2, pa.timestamp("us", "+05:30"))
    path = table(tmp_path / "a.parquet", **{"a.b": zone, "a": pa.array([{"b": 1}] * 2), "a.b.c": pa.array([3, 4])})
    rows = read(path).rows
    assert rows.columns == ["n", "a.b", "a", "a.b.c"]
    assert rows["a.b.c"].to_list() == [3, 4]


def test_batches_hold_all_rows_in_order(tmp_path: Path) -> None:
    moments = pa.array([MICROSECONDS + number for number in range(5000)], pa.timestamp("us", "UTC+2"))
    pq.write_table(pa.table({"ts": moments, "n": range(5000)}), tmp_path / "a.parquet", row_group_size=700)
    assert read(tmp_path / "a.parquet", batch_rows=999).rows["n"].to_list() == list(range(5000))


def test_parquet_in_gzip_is_parquet(tmp_path: Path) -> None:
    import gzip

    plain = tmp_path / "plain.parquet"
    pl.DataFrame({"n": [1, 2, 3]}).write_parquet(plain)
    packed = tmp_path / "a.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed).rows["n"].to_list() == [1, 2, 3]
