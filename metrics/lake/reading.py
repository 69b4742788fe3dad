"""Untrusted files as batches of rows. Runs in the reading process only: some files end the process that opens them.

Parquet is streamed by Polars. CSV and NDJSON are read row by row, so that one bad line costs one row and
a compressed file is never held whole.
"""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import orjson
import polars as pl

from metrics.events import otlp
from metrics.lake.problems import Unreadable

TEXT_BATCH_ROWS = 100_000
LARGEST_JSON_MB = 512
LONGEST_FIELD = 16 * 1024 * 1024
_MAGIC, _ENCRYPTED_MAGIC = b"PAR1", b"PARE"

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """Rows in file order, and those that could not even be read as rows."""

    rows: pl.DataFrame
    broken: tuple[tuple[int, str, str], ...] = ()
    """Row number from 0, reason, text of the row."""
    start: int = 0
    """Number of the first row of `rows`."""
    numbers: tuple[int, ...] = ()
    """Number of each row, where broken ones lie between them; empty when they follow on from `start`."""


@dataclass(frozen=True)
class Opened:
    """A file that can be read, as often as needed."""

    read: Callable[[], Iterator[Batch]]
    """All rows, from the first on."""
    rows: int | None = None
    """Rows the file says it has."""
    notes: tuple[str, ...] = ()
    """What was found out about it that a person may want to know: its encoding, columns that cannot be read."""


def open_file(path: Path, batch_rows: int) -> Opened:
    """Open a file by what it is, not only by its name.

    Raises:
        Unreadable: with the reason, for whoever dropped the file.
    """
    if path.is_symlink():
        raise Unreadable("a symbolic link; put the file itself here")
    if not path.is_file():
        raise Unreadable("not a regular file")
    size = path.stat().st_size
    if size == 0:
        raise Unreadable("the file is empty")
    opener = _opener(path)
    return opener(path, batch_rows)


def parquet_end(path: Path) -> str | None:
    """Why a Parquet file has no end yet; None when it is whole as far as its frame tells."""
    size = path.stat().st_size
    if size < 12:
        return f"{size} bytes are too few for a Parquet file"
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(-8, io.SEEK_END)
        length, tail = int.from_bytes(file.read(4), "little"), file.read(4)
    if head not in (_MAGIC, _ENCRYPTED_MAGIC):
        return "it does not begin as a Parquet file does (PAR1)"
    if tail not in (_MAGIC, _ENCRYPTED_MAGIC):
        return "it has no Parquet footer: truncated, or still being written"
    if length + 12 > size:
        return f"its footer claims {length} bytes, more than the file has"
    return None


def is_parquet(path: Path) -> bool:
    """Whether name or first bytes say Parquet."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    with path.open("rb") as file:
        return file.read(4) in (_MAGIC, _ENCRYPTED_MAGIC)


def _opener(path: Path) -> Callable[[Path, int], Opened]:
    if is_parquet(path):
        return _parquet
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    kind = suffixes[-1] if suffixes else ""
    openers: Mapping[str, Callable[[Path, int], Opened]] = {
        ".csv": _csv,
        ".tsv": _tsv,
        ".ndjson": _ndjson,
        ".jsonl": _ndjson,
        ".json": _json,
    }
    if kind not in openers:
        known = ", ".join([".parquet", *openers])
        raise Unreadable(
            f"{path.suffix or 'no ending'} is not a format read here; expected {known}, or one of these with .gz"
        )
    return openers[kind]


def _parquet(path: Path, batch_rows: int) -> Opened:
    problem = parquet_end(path)
    if problem:
        raise Unreadable(problem)
    with path.open("rb") as file:
        file.seek(-4, io.SEEK_END)
        if file.read(4) == _ENCRYPTED_MAGIC:
            raise Unreadable("the Parquet file is encrypted; export it without encryption")
    try:
        frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema = frame.collect_schema()
        rows = int(frame.select(pl.len()).collect().item())
    except Exception as error:  # Polars raises a dozen types for a broken file
        raise Unreadable(_parquet_words(error)) from error
    if not schema:
        raise Unreadable("the Parquet file has no columns")
    if rows == 0:
        raise Unreadable("the Parquet file has no rows")
    return Opened(partial(_parquet_batches, frame, batch_rows, rows), rows)


def _parquet_batches(frame: pl.LazyFrame, batch_rows: int, expected: int) -> Iterator[Batch]:
    start = 0
    try:
        for rows in frame.collect_batches(chunk_size=batch_rows, maintain_order=True):
            yield Batch(rows, start=start)
            start += rows.height
    except pl.exceptions.PolarsError as error:
        raise Unreadable(_parquet_words(error)) from error
    if start != expected:
        raise Unreadable(f"the footer promises {expected:,} rows, but {start:,} could be read")


def _parquet_words(error: BaseException) -> str:
    words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    lowered = words.lower()
    if "encrypt" in lowered:
        return "the Parquet file is encrypted; export it without encryption"
    if "duplicate" in lowered or "more than one occurrence" in lowered:
        return f"two columns have the same name: {words}"
    return f"the Parquet file is damaged or of a kind that cannot be read: {words[:300]}"


def _text(path: Path) -> IO[str]:
    raw = gzip.GzipFile(path) if path.suffix.lower() == ".gz" else path.open("rb")
    return io.TextIOWrapper(cast("IO[bytes]", raw), encoding="utf-8-sig", errors="replace", newline="")


def _csv(path: Path, batch_rows: int, delimiter: str = ",") -> Opened:
    csv.field_size_limit(LONGEST_FIELD)
    with _text(path) as file:
        try:
            header = next(csv.reader(file, delimiter=delimiter), None)
        except (csv.Error, OSError, EOFError) as error:
            raise Unreadable(f"the first line cannot be read: {error}") from error
    if not header or not any(name.strip() for name in header):
        raise Unreadable("the first line names no columns")
    names = [name.strip() or f"column_{index + 1}" for index, name in enumerate(header)]
    if len(set(names)) < len(names):
        raise Unreadable("two columns have the same name")
    return Opened(partial(_csv_batches, path, delimiter, names, min(batch_rows, TEXT_BATCH_ROWS)))


def _tsv(path: Path, batch_rows: int) -> Opened:
    return _csv(path, batch_rows, "\t")


def _csv_batches(path: Path, delimiter: str, names: list[str], batch_rows: int) -> Iterator[Batch]:
    schema = {name: pl.String() for name in names}
    reader = csv.reader(_text(path), delimiter=delimiter)
    next(reader)
    for numbered in _chunks(enumerate(_readable(reader)), batch_rows):
        good = [(number, row) for number, row in numbered if len(row) == len(names)]
        broken = tuple(
            (number, f"{len(row)} fields; expected {len(names)}", json.dumps(row[:50]))
            for number, row in numbered
            if len(row) != len(names)
        )
        frame = pl.DataFrame([row for _, row in good], schema=schema, orient="row")
        texts = frame.with_columns(pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)))
        yield Batch(texts, broken, numbers=tuple(number for number, _ in good))


def _readable(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from (row for row in reader if row)
    except (csv.Error, OSError, EOFError) as error:
        raise Unreadable(f"reading stopped: {error}") from error


def _ndjson(path: Path, batch_rows: int) -> Opened:
    return Opened(lambda: _object_batches(_lines(path), min(batch_rows, TEXT_BATCH_ROWS)))


def _lines(path: Path) -> Iterator[str]:
    try:
        with _text(path) as file:
            yield from (line for line in file if line.strip())
    except (OSError, EOFError) as error:
        raise Unreadable(f"reading stopped: {error}") from error


def _json(path: Path, batch_rows: int) -> Opened:
    if path.stat().st_size > LARGEST_JSON_MB * 2**20:
        raise Unreadable(
            f"a JSON document of more than {LARGEST_JSON_MB} MB; write one object a line (.ndjson) instead"
        )
    with _text(path) as file:
        try:
            text = file.read()
        except (OSError, EOFError) as error:
            raise Unreadable(f"reading stopped: {error}") from error
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lines = text.splitlines()
        if len(lines) > 1 and lines[0].lstrip().startswith("{"):
            return Opened(lambda: _object_batches(lines, min(batch_rows, TEXT_BATCH_ROWS)))
        raise Unreadable(f"not a JSON document: {error}") from error
    if otlp.is_other_signal(document):
        raise Unreadable("an OTLP document of logs or metrics; only traces hold events")
    objects = document if isinstance(document, list) else [document]
    return Opened(lambda: _object_batches((orjson.dumps(item).decode() for item in objects), batch_rows))


def _object_batches(lines: Iterable[str], batch_rows: int) -> Iterator[Batch]:
    for numbered in _chunks(enumerate(lines), batch_rows):
        good: list[tuple[int, dict[str, Any]]] = []
        broken: list[tuple[int, str, str]] = []
        for number, line in numbered:
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                broken.append((number, f"not JSON: {error}", json.dumps(line[:2000])))
                continue
            if otlp.is_traces(value):
                good.extend((number, span) for span in otlp.spans(value))
            elif isinstance(value, dict):
                good.append((number, value))
            else:
                broken.append((number, "not a JSON object", json.dumps(line[:2000])))
        yield Batch(frame_of([value for _, value in good]), tuple(broken), numbers=tuple(number for number, _ in good))


def frame_of(objects: list[dict[str, Any]]) -> pl.DataFrame:
    """JSON objects as a frame: a column a key; nested values as JSON text, values of several types as text."""
    names = dict.fromkeys(str(name) for item in objects for name in item)
    return pl.DataFrame({name: _column(name, [item.get(name) for item in objects]) for name in names})


def _column(name: str, values: list[Any]) -> pl.Series:
    types = {type(value) for value in values if value is not None}
    if types <= {int, float} and float in types:
        return pl.Series(name, values, pl.Float64, strict=False)
    if types == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pl.Series(name, values, pl.Int64)
    if types == {bool}:
        return pl.Series(name, values, pl.Boolean)
    return pl.Series(name, [_as_text(value) for value in values], pl.String)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode() if not isinstance(value, int) or isinstance(value, bool) else str(value)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
