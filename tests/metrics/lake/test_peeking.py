"""A look at a file that stores nothing, and survives whatever the file is."""

from pathlib import Path

import polars as pl
import pytest

from metrics.lake.child import Reader
from metrics.lake.looking.peeking import MOST_COLUMNS, Peeked, PeekTask
from metrics.lake.problems import Unreadable
from tests.metrics.lake.files import HOSTILE, NOW, ODD, requests


def peek(path: Path, **more: object) -> Peeked:
    task = PeekTask(str(path), path.name, str(path.parent), NOW.isoformat(), 20, **more)  # pyright: ignore[reportArgumentType]
    with Reader(20, 1024) as reader:
        return reader.peek(task)


def test_columns_come_with_types_and_first_values(tmp_path: Path) -> None:
    requests(50).write_parquet(tmp_path / "a.parquet")
    seen = peek(tmp_path / "a.parquet")
    assert (seen.looked_at, seen.rows) == (20, 50)
    types = {column.name: column.type.split("(")[0] for column in seen.columns}
    assert types["ts"] == "Datetime"
    assert types["status_code"] == "Int64"
    assert len(seen.columns[0].values) == 20
    assert not (tmp_path / "lake").exists()


def test_keys_of_attributes_are_seen_too(tmp_path: Path) -> None:
    pl.DataFrame({"time": ["a"], "attributes": ['{"model": "x", "n": 1}']}).write_ndjson(tmp_path / "a.ndjson")
    assert {column.name for column in peek(tmp_path / "a.ndjson").columns if column.is_key} == {"model", "n"}


def test_a_mapping_is_tried_out_with_what_would_be_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "when,where,took\n2026-05-30T10:00:00Z,/a,0.5\nsoon,/b,1\n2026-05-30T11:00:00Z,/c,-1\n"
    )
    columns = {"ts": "when", "endpoint": "where", "duration_ms": {"from": "took", "unit": "s"}}
    (tried,) = peek(tmp_path / "a.csv", mapping={"name": "m", "kind": "request", "columns": columns}).tried
    assert (tried.kind, tried.good_count, tried.rejected_count) == ("request", 1, 2)
    assert tried.good[0]["duration_ms"] == "500.0"
    assert [row["reason"] for row in tried.rejected] == [
        "ts is soon; expected a time (ISO 8601, or a number since 1970)",
        "duration_ms is -1000.0; expected at least 0",
    ]


def test_reasons_are_counted_over_the_whole_file_the_values_left_out(tmp_path: Path) -> None:
    reasons = [f"duration_ms is -{number}; expected at least 0" for number in range(60)] + ["ts is missing"] * 40
    pl.DataFrame({"row": range(100), "reason": reasons}).write_parquet(tmp_path / "rows.parquet")
    seen = peek(tmp_path / "rows.parquet", tally="reason")
    assert seen.tally == {"duration_ms is …; expected at least 0": 60, "ts is missing": 40}
    assert seen.looked_at == 20


def test_a_wide_file_says_what_is_left_out(tmp_path: Path) -> None:
    ODD["10,000 columns"](tmp_path / "a.parquet")
    seen = peek(tmp_path / "a.parquet")
    assert len(seen.columns) == MOST_COLUMNS
    assert seen.left_out > 9_000


def test_long_values_are_cut(tmp_path: Path) -> None:
    ODD["huge texts"](tmp_path / "a.parquet")
    longest = max(len(value) for column in peek(tmp_path / "a.parquet").columns for value in column.values if value)
    assert longest <= 200


def test_a_file_that_cannot_be_read_has_a_reason_and_the_next_is_read(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.parquet", tmp_path / "good.parquet"
    requests(3).write_parquet(good)
    with Reader(20, 1024) as reader:
        for name in ("truncated", "corrupt footer", "corrupt page", "encrypted", "zero rows", "not parquet"):
            HOSTILE[name][0](bad)
            task = PeekTask(str(bad), bad.name, str(tmp_path), NOW.isoformat(), 20)
            with pytest.raises(Unreadable, match=HOSTILE[name][1]):
                reader.peek(task)
            bad.unlink()
        task = PeekTask(str(good), good.name, str(tmp_path), NOW.isoformat(), 20)
        assert reader.peek(task).looked_at == 3
