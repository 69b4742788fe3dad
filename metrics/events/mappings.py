"""How foreign files become events, as data: the adapters that ship, and a home's own `mappings.yaml`.

    - name: gateway                      # what `--map gateway` names
      match: {columns: [when, route, took_s]}      # or files: ["gateway-*.csv"]
      kind: request
      columns:
        ts: {from: when, zone: Europe/Berlin}      # ours: theirs
        endpoint: route
        duration_ms: {from: took_s, unit: s}
        status_code: {from: state, map: {fine: 200, broken: 500}}
        environment: {value: prod}                 # the same for every row

A file of several kinds has `parts` instead of `kind` and `columns`: each with a `kind`, its `columns`, and `when`,
the values a column must have; a row belongs to the first part it fits. A file without times can be given them:
`ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1}` counts on from row to row.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import available_timezones

import polars as pl
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from metrics.events import KINDS
from metrics.events.entries import Entry, entries_of, nearest, read_entries
from metrics.events.problems import ConfigurationError
from metrics.events.schema import Column

T = TypeVar("T")


Scalar = str | int | float | bool


def _named_by_text(value: object) -> object:
    """A code such as `7: 503` is a number to YAML, and is looked for as text."""
    return {str(key): one for key, one in value.items()} if isinstance(value, dict) else value


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is no event kind{nearest(name, KINDS)}")
    return name


def _known_zone(name: str) -> str:
    known = available_timezones()
    if name not in known:
        raise ValueError(f"{name!r} is no time zone{nearest(name, known)}")
    return name


class Source(Entry):
    """Where a column's values come from. Several names in `from` are tried in turn, row by row."""

    names: Annotated[
        tuple[str, ...], Field(alias="from"), BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)
    ] = ()
    unit: Literal["s", "ms", "us", "ns"] | None = None
    """Unit of a duration or of a number that is a time."""
    zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    """Zone of times written without one."""
    value: Scalar | None = None
    """The same value for every row."""
    map: Annotated[Mapping[str, Scalar | None], BeforeValidator(_named_by_text)] = {}
    """Their values and ours; values not named stay."""
    start: AwareDatetime | None = None
    step_seconds: Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)] = 1
    """Times made up for a file that has none: from `start`, on by `step_seconds` each row."""
    plus: tuple[str, ...] = ()
    """Columns whose values are added (Langfuse counts cached tokens apart)."""
    default: Scalar | None = None
    """Value of rows that have none."""
    ends: tuple[str, ...] = ()
    """For a duration: columns with the moment of the end; it is counted from `ts` where no column gives it."""
    zero_is_null: bool = False
    """Whether 0 means "not measured"."""


def _as_source(value: Any) -> Any:
    return {"from": value} if isinstance(value, str | list) else value


def _is_time(column: Column) -> bool:
    return isinstance(column.dtype, pl.Datetime)


def _is_duration(column: Column) -> bool:
    return column.unit == "ms"


def _is_number(column: Column) -> bool:
    return column.dtype.is_numeric()


_FOR: Mapping[str, tuple[Callable[[Column], bool], str]] = {
    "unit": (lambda column: _is_time(column) or _is_duration(column), "times and durations"),
    "zone": (_is_time, "times"),
    "start": (_is_time, "times"),
    "ends": (_is_duration, "durations"),
    "plus": (_is_number, "numbers"),
    "zero_is_null": (_is_number, "numbers"),
    "default": (lambda column: not _is_time(column), "what is no time"),
}
"""Rules that only some columns can have."""


def _misfit(column: Column, rule: Source) -> tuple[str, str] | None:
    """The key of a rule that a column cannot have, and why."""
    for key, (fits, what) in _FOR.items():
        if key in rule.model_fields_set and not fits(column):
            return key, f"is only for {what}, which {column.name} is not"
    for key, given in (("value", rule.value), ("default", rule.default)):
        expected = None if given is None else _expected(column, given)
        if expected is not None:
            return key, f"{given!r} is not {expected}"
    # A default is stored as it is; other words for a value are known only for what a file says.
    if column.one_of and rule.default is not None and rule.default not in column.one_of:
        return "default", f"{rule.default!r} is not one of {', '.join(column.one_of)}"
    return None


def _expected(column: Column, given: Scalar) -> str | None:
    """What a value given for a column would have to be, if it is not that."""
    if column.dtype == pl.Boolean:
        return None if isinstance(given, bool) else "true or false"
    if _is_time(column):
        return None if not isinstance(given, str) or _read_as(datetime.fromisoformat, given) else "a time (ISO 8601)"
    if not _is_number(column):
        return None
    number = None if isinstance(given, bool) else _read_as(float, given)
    if not column.dtype.is_integer():
        return None if number is not None else "a number"
    whole = number is not None and (
        number.is_integer() if isinstance(given, float) else _read_as(int, given) is not None
    )
    return None if whole else "a whole number"


def _read_as(read: Callable[[Any], T], given: Scalar) -> T | None:
    try:
        return read(given)
    except ValueError:
        return None


class Part(Entry):
    """One kind of a file, and which rows are of it."""

    kind: Annotated[str, AfterValidator(_known_kind)]
    columns: Mapping[str, Annotated[Source, BeforeValidator(_as_source)]] = {}
    when: Mapping[str, tuple[Scalar, ...]] = {}
    """Values a column must have."""
    present: tuple[str, ...] = ()
    """Columns of which at least one must have a value."""

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        known = KINDS[self.kind].by_name
        for name, rule in self.columns.items():
            if name not in known:
                raise _wrong(("columns", name), f"{self.kind} events have no column {name!r}{nearest(name, known)}")
            misfit = _misfit(known[name], rule)
            if misfit is not None:
                raise _wrong(("columns", name, misfit[0]), misfit[1])
        return self


def _wrong(path: tuple[str, ...], said: str) -> ValidationError:
    problem = PydanticCustomError("wrong", "{said}", {"said": said})
    return ValidationError.from_exception_data("Part", [InitErrorDetails(type=problem, loc=path, input=None)])


class Match(Entry):
    """Which files a mapping is for: all of `columns`, and any of `files` (glob on the name) where given."""

    columns: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    """At least one of these columns, or of the keys of an attributes column."""
    files: tuple[str, ...] = ()


class FileMapping(Entry):
    """How the files of one origin become events."""

    name: str
    match: Match = Match()
    kind: Annotated[str, AfterValidator(_known_kind)] | None = None
    columns: Mapping[str, Annotated[Source, BeforeValidator(_as_source)]] = {}
    parts: tuple[Part, ...] = ()
    rest: str = "the mapping has no kind for it"
    """Why a row that fits no part is rejected."""

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.kind is None) == (not self.parts):
            raise ValueError("give either `kind` (with `columns`) or `parts`")
        if self.kind is not None:
            Part(kind=self.kind, columns=self.columns)
        return self

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """The parts, of which a mapping of one kind has one."""
        return self.parts or (Part(kind=self.kind or "", columns=self.columns),)


class MappingError(ConfigurationError):
    """A `mappings.yaml` that cannot be used: the file, the line, what was expected."""


class Mappings(Entry):
    """A home's own mappings, then those that ship."""

    own: tuple[FileMapping, ...] = ()
    shipped: tuple[FileMapping, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "Mappings":
        """Read `mappings.yaml`, which need not exist.

        Raises:
            MappingError: it is no YAML, or says something a mapping cannot say.
        """
        own = read_entries(path, FileMapping, MappingError)
        names = [mapping.name for mapping in own]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise MappingError(f"{path}: two mappings are named {twice!r}; give each a name of its own")
        return cls(own=own, shipped=_shipped())

    def named(self, name: str) -> FileMapping | None:
        """The mapping of that name."""
        return next((mapping for mapping in (*self.own, *self.shipped) if mapping.name == name), None)


@cache
def _shipped() -> tuple[FileMapping, ...]:
    folder = files("metrics.events.adapters")
    sources = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name
    )
    return tuple(
        mapping
        for entry in sources
        for mapping in entries_of(entry.read_text(encoding="utf-8"), entry.name, FileMapping, MappingError)
    )
