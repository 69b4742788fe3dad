"""One table of events in every spelling is the same table."""

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.lake.ingest import ingest
from metrics.lake.tables import Lake
from metrics.settings import Settings
from tests.metrics.lake.files import NOW
from tests.metrics.lake.formats.reading import CASES, read

COLUMNS = ("ts", "event_id", "user_id", "model", "input_tokens", "cost_usd", "comment")
CODECS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")
PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
}  # fmt: skip
QUIET = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")) | st.sampled_from(" ,;|\"'\n#\\"),
    max_size=12,
).map(str.strip)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "ts": st.integers(0, 59).map(lambda second: f"2026-05-01T10:00:{second:02}Z"),
            "event_id": st.uuids().map(str),
            "user_id": words,
            "model": st.sampled_from(["gpt-4o", "o3"]),
            "input_tokens": st.integers(0, 10**6),
            "cost_usd": st.integers(0, 10**6).map(lambda millionths: millionths / 1e6),
            "comment": words,
        }
    ),
    min_size=2,
    max_size=8,
)
Rows = list[dict[str, Any]]


def as_csv(events: Rows, separator: str, line_end: str, quoting: Any, decimal: str) -> str:
    file = io.StringIO(newline="")
    if line_end == "\r":  # the writer leaves line feeds without quotes then, and a reader must take them for line ends
        quoting = csv.QUOTE_ALL
    writer = csv.writer(file, delimiter=separator, lineterminator=line_end, quoting=quoting)
    writer.writerow(COLUMNS)
    for event in events:
        cost = f"{event['cost_usd']:.6f}".replace(".", decimal)
        writer.writerow([cost if name == "cost_usd" else event[name] for name in COLUMNS])
    return file.getvalue()


@QUIET
@given(
    events=rows,
    separator=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    codec=st.sampled_from(CODECS),
    packing=st.sampled_from(list(PACKINGS)),
    decimal=st.sampled_from(".,"),
    ending=st.sampled_from([".csv", ".txt", "", ".tsv"]),
)
def test_a_table_of_text_says_the_same_in_every_spelling(
    events: Rows, separator: str, line_end: str, quoting: Any, codec: str, packing: str, decimal: str, ending: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    path = tmp_path / f"a{ending}{packing}"
    path.write_bytes(PACKINGS[packing](as_csv(events, separator, line_end, quoting, decimal).encode(codec)))
    found = read(path)
    assert found.broken == ()
    numbers = found.rows.select(pl.col("input_tokens").cast(pl.Int64), pl.col("cost_usd").cast(pl.Float64))
    assert numbers.rows() == [(event["input_tokens"], event["cost_usd"]) for event in events]
    texts = ("ts", "event_id", "user_id", "model", "comment")
    assert found.rows.select(texts).rows() == [tuple(event[name] or None for name in texts) for event in events]


def lines(events: Rows) -> str:
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


SHAPES: Mapping[str, Callable[[Rows], str]] = {
    "lines": lines,
    "escaped lines": lambda events: "".join(json.dumps(event) + "\r\n" for event in events),
    "list": lambda events: json.dumps(events),
    "indented list": lambda events: json.dumps(events, indent=2, ensure_ascii=False),
    "one after another": lambda events: "".join(json.dumps(event, indent=1) + "\n" for event in events),
    "page": lambda events: json.dumps({"data": events, "total": len(events)}),
    "by column": lambda events: json.dumps(
        {name: {str(number): event[name] for number, event in enumerate(events)} for name in COLUMNS}
    ),
    "split": lambda events: json.dumps(
        {"columns": list(COLUMNS), "data": [[event[name] for name in COLUMNS] for event in events]}
    ),
    "lists": lambda events: json.dumps({name: [event[name] for event in events] for name in COLUMNS}),
}


@QUIET
@given(
    events=rows,
    shape=st.sampled_from(list(SHAPES)),
    codec=st.sampled_from(CODECS),
    packing=st.sampled_from(list(PACKINGS)),
    ending=st.sampled_from([".json", ".ndjson", ".jsonl", ".txt", ""]),
)
def test_json_says_the_same_in_every_shape(
    events: Rows, shape: str, codec: str, packing: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{ending}{packing}"
    path.write_bytes(PACKINGS[packing](SHAPES[shape](events).encode(codec)))
    found = read(path)
    assert found.broken == ()
    assert found.rows.select(COLUMNS).rows() == [tuple(event[name] for name in COLUMNS) for event in events]


@QUIET
@given(
    names=st.lists(
        st.text(st.sampled_from("abcäöüßéèñ "), min_size=1, max_size=8).map(str.strip), min_size=1, max_size=9
    )
)
def test_names_in_latin_1_stay_what_they_are(names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("ts,user_id,n\n" + "".join(f"2026-05-01,{name},1\n" for name in names)).encode("latin-1"))
    assert read(path).rows["user_id"].to_list() == [name or None for name in names]


@QUIET
@given(number=st.integers(-(10**30), 10**30), other=st.integers(-(2**66), 2**66) | st.floats(allow_nan=False) | words)
def test_integers_of_any_size_are_exact(number: int, other: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(json.dumps({"a": number}) + "\n" + json.dumps({"a": other}) + "\n", encoding="utf-8")
    value = read(path).rows["a"][0]
    assert value == number if isinstance(value, int | float) else value == str(number)


EVENTS: Rows = [
    {"ts": f"2026-05-01T10:00:{number:02}Z", "event_id": f"e{number}",
     "user_id": ["Müller", "Möller", "u, 3"][number % 3],
     "model": "gpt-4o", "input_tokens": 100 + number, "cost_usd": number / 8, "comment": 'a "b";\nc|d'}
    for number in range(12)
]  # fmt: skip
FILES: Mapping[str, bytes] = {
    "a.csv": as_csv(EVENTS, ",", "\n", csv.QUOTE_MINIMAL, ".").encode(),
    "excel.csv": ("sep=;\r\n" + as_csv(EVENTS, ";", "\r\n", csv.QUOTE_MINIMAL, ",")).encode("cp1252"),
    "unicode.txt": as_csv(EVENTS, "\t", "\r\n", csv.QUOTE_ALL, ",").encode("utf-16"),
    "pipes.log.gz": gzip.compress(as_csv(EVENTS, "|", "\n", csv.QUOTE_ALL, ".").encode("latin-1")),
    **{f"{name}.json": shape(EVENTS).encode("utf-8-sig") for name, shape in SHAPES.items()},
    "lines.bz2": bz2.compress(lines(EVENTS).encode("utf-16-le")),
}


def test_every_spelling_stores_the_same_events_once(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in FILES]
    for path in paths:
        path.write_bytes(FILES[path.name])
    home = Settings(home=tmp_path / "home")
    outcomes = ingest(paths, home, now=lambda: NOW).files
    assert [(outcome.path.name, outcome.read, outcome.rejected, outcome.questions) for outcome in outcomes] == [
        (path.name, 12, 0, ()) for path in paths
    ]
    assert [outcome.stored for outcome in outcomes] == [12] + [0] * (len(paths) - 1)
    stored = pl.scan_parquet(Lake(home.home).events("llm_call").files()).collect()
    assert stored["user_id"].n_unique() == 3
    assert (stored["input_tokens"].sum(), stored["cost_usd"].sum()) == (1266, 8.25)


@pytest.mark.parametrize("folder", ["01-csv-encodings-separators", "14-latin1"])
def test_the_cases_are_stored_without_a_loss(folder: str, tmp_path: Path) -> None:
    paths = sorted(path for path in (CASES / folder).iterdir() if path.suffix != ".md")
    outcomes = ingest(paths, Settings(home=tmp_path / "home"), now=lambda: NOW).files
    assert {outcome.path for outcome in outcomes} == set(paths)
    assert {outcome.path.name for outcome in outcomes if outcome.status == "rejected" or outcome.rejected} == set()
    assert all(outcome.questions == () for outcome in outcomes)
