"""What a person chose for the columns of a foreign file, as the entry of `mappings.yaml` that says it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metrics.events.entries import nearest
from metrics.events.proposing.looks import Seen

FEWEST_MATCHED = 2
MOST_MATCHED = 20
NAMING = ("from", "plus", "join", "starts", "ends")
"""Keys of a rule that name columns of the file, or paths into them."""


@dataclass(frozen=True)
class Choice:
    """Where the values of one of our columns come from, in the words of a mapping; empty: from nowhere."""

    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the file it uses."""
        return tuple(name for key in NAMING for name in _listed(self.rule.get(key)))

    @property
    def is_made(self) -> bool:
        """Whether anything was chosen: units and words alone say nothing."""
        return bool(self.names) or self.rule.get("value") is not None or self.rule.get("start") is not None

    @property
    def written(self) -> Any:
        """As briefly as it can be written."""
        said = {key: value for key, value in self.rule.items() if value not in (None, "", [], {}, ())}
        names = _listed(said.get("from"))
        if names:
            said["from"] = names[0] if len(names) == 1 else names
        return said["from"] if set(said) == {"from"} and len(names) == 1 else said


@dataclass(frozen=True)
class ChosenPart:
    """What was chosen for one kind of a file: its columns, and which rows are of it."""

    kind: str
    columns: Mapping[str, Choice]
    rows: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """`when`, `unless`, `present`, `absent` and `count`, as a mapping says them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the file it uses."""
        chosen = (name for choice in self.columns.values() for name in choice.names)
        return tuple(dict.fromkeys((*chosen, *_of_rows(self.rows))))


@dataclass(frozen=True)
class Known:
    """A column of the file by which it is recognized."""

    seen: Seen
    is_key: bool = False
    """A key of an attributes column, or a path into a nested one."""


def document(
    name: str,
    parts: Sequence[ChosenPart],
    file: Sequence[Known],
    *,
    is_table: bool,
    pattern: str = "",
    is_several: bool = False,
    each: Sequence[str] = (),
) -> dict[str, Any]:
    """The entry. `is_table`: every such file has all the columns; `pattern`: a glob that its name must fit, if any."""
    match: dict[str, Any] = dict(_match(parts, file, is_table))
    if pattern:
        match["files"] = [pattern]
    said: dict[str, Any] = {"name": name, "match": match}
    if each:
        said["each"] = list(each)
    written = [_part(part) for part in parts]
    if len(written) == 1 and not set(written[0]) - {"kind", "columns", "count"}:
        return {**said, **written[0]}
    return {**said, **({"several": True} if is_several else {}), "parts": written}


def _part(part: ChosenPart) -> dict[str, Any]:
    rows = {key: value for key, value in part.rows.items() if value}
    columns = {column: choice.written for column, choice in part.columns.items() if choice.is_made}
    return {"kind": part.kind, **rows, "columns": columns}


def _match(parts: Sequence[ChosenPart], file: Sequence[Known], is_table: bool) -> Mapping[str, list[str]]:
    """By which columns the next such file is recognized.

    Those that were chosen; where rows may lack columns, as in NDJSON, only such as every row has. Too few say too
    little: then all that every row has.
    """
    chosen = {name for part in parts for name in part.names}
    roots = {one.seen.name for one in file if any(name.startswith(f"{one.seen.name}.") for name in chosen)}
    whole = [one.seen.name for one in file if not one.is_key and (is_table or _is_full(one.seen))]
    told = [name for name in whole if name in chosen | roots]
    if len(told) < FEWEST_MATCHED:
        told = whole or [one.seen.name for one in file if not one.is_key]
    return {"columns": told[:MOST_MATCHED]}


def _is_full(seen: Seen) -> bool:
    return all(value is not None for value in seen.values)


def absent(entry: Mapping[str, Any], file: Sequence[Known]) -> Iterator[str]:
    """What an entry names that the file does not have, each in a sentence with the nearest name that it has."""
    if entry.get("each"):  # what stands in a list's items is not told of
        return
    known = {one.seen.name.lower(): one.seen.name for one in file}
    for place, names, is_any in _places(entry):
        lacking = [name for name in names if not _is_there(name, known)]
        if lacking and (len(lacking) == len(names) or not is_any):
            near = nearest(lacking[0], known.values())
            yield f"{place}: the file has no column or path {lacking[0]!r}{near}"


def _is_there(name: str, known: Mapping[str, str]) -> bool:
    return name.lower() in known or any(one.startswith(f"{name.lower()}.") for one in known)


def _places(entry: Mapping[str, Any]) -> Iterator[tuple[str, list[str], bool]]:
    """Every place of an entry that names columns: where it is, the names, and whether one of them is enough."""
    parts = entry.get("parts") or [entry]
    for number, part in enumerate(parts):
        prefix = f"parts.{number}." if entry.get("parts") else ""
        for column, rule in part.get("columns", {}).items():
            said = rule if isinstance(rule, Mapping) else {"from": rule}
            for key in NAMING:
                if names := _listed(said.get(key)):
                    yield f"{prefix}columns.{column}.{key}", names, key == "from"
        for key in ("when", "unless", "present", "absent"):
            if names := [str(name) for name in part.get(key) or ()]:
                yield f"{prefix}{key}", names, key == "present"
        if part.get("count"):
            yield f"{prefix}count", [part["count"]], False


def _of_rows(rows: Mapping[str, Any]) -> Iterable[str]:
    for key in ("when", "unless", "present", "absent"):
        yield from rows.get(key) or ()
    if rows.get("count"):
        yield rows["count"]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
