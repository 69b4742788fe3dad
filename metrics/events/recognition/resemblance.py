"""Which kind a file that was not recognized is nearest to, judged by what it has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from metrics.events import KINDS
from metrics.events.proposing.similarity import likeness
from metrics.events.schema import Kind
from metrics.events.values.converting import every_name

_LEAST = 0.75
"""Likeness of two names from which on one reminds of the other."""
_MOST_NAMES = 60
"""Columns that are compared."""


@dataclass(frozen=True)
class Near:
    """A kind, what of it a file has, and what it lacks."""

    kind: Kind
    has: Mapping[str, str]
    """Theirs by ours, where the name is known."""
    may_have: Mapping[str, str]
    """Theirs by ours, where names are merely alike."""
    lacks: tuple[str, ...]
    """Of what makes up the kind; the time first, where there is none."""


def nearest_kind(columns: Sequence[str]) -> Near | None:
    """The kind that most of the columns resemble; None where none resembles any."""
    names = list(columns)[:_MOST_NAMES]
    scored = [(_score(kind, has), -order, kind, has) for order, (kind, has) in enumerate(_resembling(names))]
    score, _, kind, has = max(scored, key=lambda one: one[:2])
    if score == 0:
        return None
    known = {ours: theirs for ours, theirs in has.items() if theirs.lower() in _lowered(every_name(kind.by_name[ours]))}
    alike = {ours: theirs for ours, theirs in has.items() if ours not in known}
    lacks = min(
        ([name for name in signature if name not in known] for signature in kind.signature),
        key=lambda missing: (len(missing), sum(name not in alike for name in missing)),
    )
    timed = bool(_lowered(columns) & _lowered(every_name(kind.by_name["ts"])))
    return Near(kind, known, alike, tuple(lacks if timed else ["ts", *lacks]))


def _lowered(names: Iterable[str]) -> set[str]:
    return {name.lower() for name in names}


def _resembling(names: Sequence[str]) -> list[tuple[Kind, dict[str, str]]]:
    return [(kind, _has(kind, names)) for kind in KINDS.values()]


def _has(kind: Kind, names: Sequence[str]) -> dict[str, str]:
    """Names that are known for, or much like, a column of the kind's own, each for one column."""
    pairs = [
        (likeness(column, name, kind.name).score, column.name, name) for column in kind.own_columns for name in names
    ]
    has: dict[str, str] = {}
    for score, ours, theirs in sorted(pairs, key=lambda pair: -pair[0]):
        if score >= _LEAST and ours not in has and theirs not in has.values():
            has[ours] = theirs
    return has


def _score(kind: Kind, has: Mapping[str, str]) -> float:
    """Columns that few kinds have say more than a `status`, which many have; what makes up a kind says most."""
    telling = {name for signature in kind.signature for name in signature}
    return sum((2 if name in telling else 1) / _having(name) for name in has)


def _having(column: str) -> int:
    return sum(column in {one.name for one in kind.own_columns} for kind in KINDS.values())
