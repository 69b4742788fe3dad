"""A file read by pyarrow, column by column: what Polars cannot read, or holds only in part.

Zones that only Arrow knows, decimals of more than 38 digits, two columns of one name. A column that cannot be held is
left out and named.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, cast

import polars as pl
import pyarrow as pa

from metrics.lake.formats.batches import Batch, Opened
from metrics.lake.formats.dialects import names_of
from metrics.lake.problems import Unreadable

_LARGEST_DECIMAL = 38
_LOOKED_AT = 1000
"""Rows by which is seen whether a column can be read."""


def is_strange(dtype: pl.DataType) -> bool:
    """Whether Polars reads a column of this type, but fails on it later."""
    if isinstance(dtype, pl.Struct):
        return any(is_strange(cast("pl.DataType", field.dtype)) for field in dtype.fields)
    if isinstance(dtype, pl.List | pl.Array):
        return is_strange(cast("pl.DataType", dtype.inner))
    return isinstance(dtype, pl.BaseExtension) or (
        isinstance(dtype, pl.Decimal) and (dtype.precision or 0) > _LARGEST_DECIMAL
    )


def held_as(dtype: Any) -> Any | None:
    """The Arrow type as which a column is held; None where there is none.

    Arrow keeps moments in UTC, whatever zone is written beside them: that is what is taken.
    """
    if isinstance(dtype, pa.BaseExtensionType):
        return held_as(dtype.storage_type)
    if pa.types.is_dictionary(dtype):
        return held_as(dtype.value_type)
    if pa.types.is_timestamp(dtype):
        return pa.timestamp(dtype.unit, "UTC") if dtype.tz else dtype
    if pa.types.is_decimal(dtype) and dtype.precision > _LARGEST_DECIMAL:
        return pa.float64()
    if pa.types.is_struct(dtype):
        return None if _is_variant(dtype) else _struct(dtype)
    if pa.types.is_list(dtype) or pa.types.is_large_list(dtype):
        inner = held_as(dtype.value_type)
        return None if inner is None else pa.large_list(inner)
    return dtype


def _struct(dtype: Any) -> Any | None:
    fields = [(dtype.field(place).name, held_as(dtype.field(place).type)) for place in range(dtype.num_fields)]
    return pa.struct([(name, held) for name, held in fields if held]) if all(held for _, held in fields) else None


def _is_variant(dtype: Any) -> bool:
    """A VARIANT, of which pyarrow shows the two binary halves."""
    fields = {dtype.field(place).name: dtype.field(place).type for place in range(dtype.num_fields)}
    halves = [fields.get(name) for name in ("metadata", "value")]
    return all(half is not None and pa.types.is_binary(half) for half in halves) and len(fields) <= len(halves) + 1


@dataclass(frozen=True)
class Source:
    """A file as pyarrow shows it."""

    format: str
    """What it is called, in a sentence."""
    schema: Any
    rows: int
    """Rows that it says it has."""
    batches: Callable[[int, Sequence[str]], Iterator[Any]]
    """Record batches of at most so many rows, with at least the columns of these names."""


def opened(source: Source, batch_rows: int) -> Opened:
    """The file without the columns that no reader here can hold.

    Raises:
        Unreadable: it has no rows, or is damaged.
    """
    try:
        columns = ArrowColumns(source)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise unreadable(source.format, error) from error
    if not columns.names:
        raise Unreadable(f"the {source.format} file has no columns")
    if source.rows == 0:
        raise Unreadable(f"the {source.format} file has no rows")
    return Opened(partial(_batches, columns, source, batch_rows), source.rows, columns.notes)


def unreadable(form: str, error: BaseException) -> Unreadable:
    """Why a file of a format cannot be read, in the words of whoever tried."""
    words = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Unreadable(f"the {form} file is damaged or of a kind that cannot be read: {words[:300]}")


def _batches(columns: "ArrowColumns", source: Source, batch_rows: int) -> Iterator[Batch]:
    start = 0
    try:
        for rows in columns.frames(batch_rows):
            yield Batch(rows, start=start)
            start += rows.height
    except (OSError, ValueError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise unreadable(source.format, error) from error
    if start != source.rows:
        raise Unreadable(f"the {source.format} file promises {source.rows:,} rows, but {start:,} could be read")


class ArrowColumns:
    """The columns of one file that can be held."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._kept = [field for field in source.schema if self._can_be_read(field)]
        lost = [f"{field.name} ({_type_of(field)})" for field in source.schema if field not in self._kept]
        named, self._again = names_of([field.name for field in self._kept]) if self._kept else ([], ())
        self.names: list[str] = named
        self._lost = lost

    @property
    def notes(self) -> tuple[str, ...]:
        """Which columns were left out, and which have one name."""
        lost = (f"left out, since columns of their type cannot be read: {', '.join(self._lost)}",) if self._lost else ()
        return (
            *lost,
            *(
                f"two columns are named {self.names[one]}: the later one "
                + ("says the same and was left out" if two in self._same else f"is called {self.names[two]}")
                for one, two in self._again
            ),
        )

    def frames(self, batch_rows: int) -> Iterator[pl.DataFrame]:
        """All rows."""
        dropped = [self.names[place] for place in self._same]
        for frame in self._frames(batch_rows):
            yield frame.drop(dropped)

    @cached_property
    def _same(self) -> frozenset[int]:
        """Columns that say the same as the earlier one of their name, in all rows."""
        same = {later for _, later in self._again}
        for frame in self._frames(_LOOKED_AT * 100) if same else ():
            for earlier, later in self._again:
                if not frame[self.names[earlier]].equals(frame[self.names[later]], check_names=False):
                    same.discard(later)
        return frozenset(same)

    def _frames(self, batch_rows: int) -> Iterator[pl.DataFrame]:
        for batch in self._source.batches(batch_rows, list(dict.fromkeys(field.name for field in self._kept))):
            found: dict[str, list[Any]] = {}
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                found.setdefault(name, []).append(column)  # pyarrow puts columns of one name side by side
            kept = zip(self.names, self._kept, strict=True)
            yield pl.DataFrame({name: _series(name, found[field.name].pop(0)) for name, field in kept})

    def _can_be_read(self, field: Any) -> bool:
        if held_as(field.type) is None:
            return False
        try:
            batch = next(self._source.batches(_LOOKED_AT, [field.name]), None)
            named = [] if batch is None else zip(batch.schema.names, batch.columns, strict=True)
            columns = [column for name, column in named if name == field.name] or [pa.nulls(0, field.type)]
            return all(_series(field.name, column).len() >= 0 for column in columns)
        except (Exception, pl.exceptions.PanicException):  # whatever it is, the other columns can be had
            return False


def _series(name: str, column: Any) -> pl.Series:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    held = held_as(column.type)
    return pl.Series(name, column if held is None or held == column.type else column.cast(held))


def _type_of(field: Any) -> str:
    return "VARIANT" if pa.types.is_struct(field.type) and _is_variant(field.type) else str(field.type)[:60]
