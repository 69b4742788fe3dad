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
`ts: {start: 2026-01-01T00:00:00Z, step_seconds: 1}` counts on from row to row. All of it is told in docs/mappings.md.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from metrics.events import KINDS
from metrics.events.entries import Entry, entries_of, nearest, read_entries
from metrics.events.mapping.sources import Names, Scalar, Source, as_source, misfit
from metrics.events.problems import ConfigurationError
from metrics.yaml_loader import ShippedTextualTimes


def _known_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is no event kind{nearest(name, KINDS)}")
    return name


class Part(Entry):
    """One kind of a file, and which rows are of it."""

    kind: Annotated[str, AfterValidator(_known_kind)]
    columns: Mapping[str, Annotated[Source, BeforeValidator(as_source)]] = {}
    when: Mapping[str, tuple[Scalar, ...]] = {}
    """Values a column must have."""
    unless: Mapping[str, tuple[Scalar, ...]] = {}
    """Values a column must not have."""
    present: tuple[str, ...] = ()
    """Columns of which at least one must have a value."""
    absent: tuple[str, ...] = ()
    """Columns of which none may have a value."""
    count: str | None = None
    """Column with the number of events a row stands for: it becomes so many, and what can be added is shared out."""
    repeats: Literal["first", "last"] = "first"
    """Which of the rows with one `event_id` counts: the last, where an event is written again as it goes on."""

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        known = KINDS[self.kind].by_name
        for name, rule in self.columns.items():
            if name not in known:
                raise _wrong(("columns", name), f"{self.kind} events have no column {name!r}{nearest(name, known)}")
            wrong = misfit(known[name], rule)
            if wrong is not None:
                raise _wrong(("columns", name, wrong[0]), wrong[1])
        return self


def _wrong(path: tuple[str, ...], said: str) -> ValidationError:
    problem = PydanticCustomError("wrong", "{said}", {"said": said})
    return ValidationError.from_exception_data("Part", [InitErrorDetails(type=problem, loc=path, input=None)])


class Carried(Entry):
    """A value that some rows say and that holds for the rows after them."""

    names: Annotated[Names, Field(alias="from")]
    when: Mapping[str, tuple[Scalar, ...]] = {}
    """Which rows say it: values a column must have."""


class Match(Entry):
    """Which files a mapping is for: all of `columns`, and any of `files` (glob on the name) where given."""

    columns: tuple[str, ...] = ()
    """All of these columns, or paths into them."""
    any_of: tuple[str, ...] = ()
    """At least one of these columns, or of the keys of an attributes column."""
    files: tuple[str, ...] = ()
    values: Mapping[str, tuple[Scalar, ...]] = {}
    """Values of which a column must have one in the first rows."""


class FileMapping(Entry):
    """How the files of one origin become events."""

    name: str
    match: Match = Match()
    each: Names = ()
    """Paths of lists whose items are rows, their fields laid over those of the row around them; one within another."""
    several: bool = False
    """Whether a row belongs to every part it fits, not only to the first."""
    carry: Mapping[str, Carried] = {}
    """By a name that columns can then come from: what some rows say for those after them."""
    ask: str = ""
    """A sentence: files of this origin are recognized, but somebody is asked before they are stored."""
    refuse: str = ""
    """A sentence: files of this origin hold no events, and nothing of them is ever stored."""
    kind: Annotated[str, AfterValidator(_known_kind)] | None = None
    columns: Mapping[str, Annotated[Source, BeforeValidator(as_source)]] = {}
    count: str | None = None
    """As in a part."""
    parts: tuple[Part, ...] = ()
    rest: str = "the mapping has no kind for it"
    """Why a row that fits no part is rejected."""

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if self.refuse:
            if self.kind is not None or self.parts:
                raise ValueError("what is refused has neither `kind` nor `parts`")
            return self
        if (self.kind is None) == (not self.parts):
            raise ValueError("give either `kind` (with `columns`) or `parts`")
        if self.parts and self.count is not None:
            raise ValueError("with `parts`, say `count` in the part whose rows it counts")
        if self.kind is not None:
            Part(kind=self.kind, columns=self.columns)
        return self

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """The parts, of which a mapping of one kind has one, and one that is refused none."""
        if self.kind is None:
            return self.parts
        return (Part(kind=self.kind, columns=self.columns, count=self.count),)


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
        return cls(own=own, shipped=_shipped()) if own else cls.shipping()

    @classmethod
    @cache
    def shipping(cls) -> "Mappings":
        """Those that ship alone."""
        return cls(shipped=_shipped())

    def named(self, name: str) -> FileMapping | None:
        """The mapping of that name."""
        return next((mapping for mapping in (*self.own, *self.shipped) if mapping.name == name), None)


@cache
def _shipped() -> tuple[FileMapping, ...]:
    folder = files("metrics.events.adapters")
    sources = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".yaml")), key=lambda entry: entry.name
    )
    texts = [(entry.read_text(encoding="utf-8"), entry.name) for entry in sources]
    return tuple(
        mapping
        for text, name in texts
        for mapping in entries_of(text, name, FileMapping, MappingError, ShippedTextualTimes)
    )
