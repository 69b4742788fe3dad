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
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from zoneinfo import available_timezones

import polars as pl
import yaml
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from metrics.events import KINDS
from metrics.events.problems import ConfigurationError
from metrics.events.schema import Column


def _as_written(value: object) -> object:
    """YAML reads `2026-01-01` as a date; here it is text again, to be read as every other time is."""
    return value.isoformat() if isinstance(value, date) else value


Scalar = Annotated[str | int | float | bool, BeforeValidator(_as_written)]


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is no event kind{_nearest(name, KINDS)}")
    return name


def _nearest(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; the nearest is {close[0]!r}" if close else ""


def _known_zone(name: str) -> str:
    known = available_timezones()
    if name not in known:
        raise ValueError(f"{name!r} is no time zone{_nearest(name, tuple(known))}")
    return name


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Source(_Model):
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
    map: Mapping[str, Scalar | None] = {}
    """Their values and ours; values not named stay."""
    start: AwareDatetime | None = None
    step_seconds: float = 1
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
    if column.dtype.is_integer():
        return None if number is not None and number.is_integer() else "a whole number"
    return None if number is not None else "a number"


def _read_as[T](read: Callable[[Any], T], given: Scalar) -> T | None:
    try:
        return read(given)
    except ValueError:
        return None


class Part(_Model):
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
                raise _wrong(("columns", name), f"{self.kind} events have no column {name!r}{_nearest(name, known)}")
            misfit = _misfit(known[name], rule)
            if misfit is not None:
                raise _wrong(("columns", name, misfit[0]), misfit[1])
        return self


def _wrong(path: tuple[str, ...], said: str) -> ValidationError:
    problem = PydanticCustomError("wrong", "{said}", {"said": said})
    return ValidationError.from_exception_data("Part", [InitErrorDetails(type=problem, loc=path, input=None)])


class Match(_Model):
    """Which files a mapping is for: all of `columns`, and any of `files` (glob on the name) where given."""

    columns: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    """At least one of these columns, or of the keys of an attributes column."""
    files: tuple[str, ...] = ()


class FileMapping(_Model):
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


class Mappings(_Model):
    """A home's own mappings, then those that ship."""

    own: tuple[FileMapping, ...] = ()
    shipped: tuple[FileMapping, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "Mappings":
        """Read `mappings.yaml`, which need not exist.

        Raises:
            MappingError: it is no YAML, or says something a mapping cannot say.
        """
        own = _read(path.read_text(encoding="utf-8"), str(path)) if path.exists() else ()
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
    return tuple(mapping for entry in sources for mapping in _read(entry.read_text(encoding="utf-8"), entry.name))


def _read(text: str, where: str) -> tuple[FileMapping, ...]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise MappingError(f"{where}: not YAML: {error}") from error
    if document is None:
        return ()
    if not isinstance(document, list):
        raise MappingError(f"{where}, line 1: expected a list of mappings, each beginning with `- name:`")
    try:
        return tuple(_Document.model_validate({"mappings": document}).mappings)
    except ValidationError as error:
        raise MappingError(f"{where}, {explained(error, text, _KEYS)}") from error


def explained(error: ValidationError, text: str, keys: tuple[str, ...]) -> str:
    """What is wrong with a YAML list of entries: the line, the key, what was expected, the nearest of `keys`."""
    first = error.errors()[0]
    path = first["loc"][1:]
    extra = first["type"] == "extra_forbidden"
    said = "is not known" + _nearest(str(path[-1]), keys) if extra else first["msg"].removeprefix("Value error, ")
    key = ".".join(str(part) for part in path[1:]) or "the entry"
    return f"line {_line(yaml.compose(text), path)}: {key}: {said}"


class _Document(_Model):
    mappings: tuple[FileMapping, ...]


_KEYS = tuple(
    {name for model in (FileMapping, Part, Match, Source) for name in model.model_fields if name != "names"} | {"from"}
)


def _begins(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node and node.start_mark else 1


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line of the deepest node on `path` that the document has."""
    line = 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
            found = next(((key, value) for key, value in pairs if getattr(key, "value", None) == part), None)
            if found is None:
                break
            key, node = found
            line = _begins(key)
            continue
        else:
            break
        line = _begins(node)
    return line
