"""What a person chose for the columns of a foreign file, as the entry of `mappings.yaml` that says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metrics.events.evidence import Seen
from metrics.events.mappings import Scalar

FEWEST_MATCHED = 2
MOST_MATCHED = 20


@dataclass(frozen=True)
class Choice:
    """Where the values of one of our columns come from: a column of theirs, one value, or times made up."""

    source: str | None = None
    unit: str | None = None
    zone: str | None = None
    words: Mapping[str, Scalar | None] = field(default_factory=dict[str, Scalar | None])
    """Their values and ours; None is no value."""
    value: Scalar | None = None
    start: str | None = None
    """A moment (ISO 8601) from which times are counted on, for a file that has none."""
    step_seconds: float = 1

    @property
    def is_made(self) -> bool:
        """Whether anything was chosen."""
        return any(part is not None for part in (self.source, self.value, self.start))


@dataclass(frozen=True)
class Known:
    """A column of the file by which it is recognized."""

    seen: Seen
    is_key: bool = False
    """A key of an attributes column."""


def document(
    name: str, kind: str, choices: Mapping[str, Choice], file: Sequence[Known], *, is_table: bool, pattern: str = ""
) -> dict[str, Any]:
    """The entry. `is_table`: every such file has all the columns; `pattern`: a glob that its name must fit, if any."""
    match: dict[str, Any] = dict(_match(choices, file, is_table))
    if pattern:
        match["files"] = [pattern]
    columns = {column: _rule(choice) for column, choice in choices.items() if choice.is_made}
    return {"name": name, "match": match, "kind": kind, "columns": columns}


def _rule(choice: Choice) -> Any:
    if choice.start is not None:
        return {"start": choice.start, "step_seconds": choice.step_seconds}
    if choice.source is None:
        return {"value": choice.value}
    said: dict[str, Any] = {"from": choice.source}
    said |= {key: part for key, part in (("unit", choice.unit), ("zone", choice.zone)) if part}
    if choice.words:
        said["map"] = dict(choice.words)
    return said if len(said) > 1 else choice.source


def _match(choices: Mapping[str, Choice], file: Sequence[Known], is_table: bool) -> Mapping[str, list[str]]:
    """By which columns the next such file is recognized.

    Those that were chosen; where rows may lack columns, as in NDJSON, only such as every row has. Too few say too
    little: then all that every row has.
    """
    chosen = {choice.source for choice in choices.values() if choice.source is not None}
    whole = [one.seen.name for one in file if not one.is_key and (is_table or _is_full(one.seen))]
    told = [name for name in whole if name in chosen]
    if len(told) < FEWEST_MATCHED:
        told = whole or [one.seen.name for one in file if not one.is_key]
    return {"columns": told[:MOST_MATCHED]}


def _is_full(seen: Seen) -> bool:
    return all(value is not None for value in seen.values)
