"""What the columns of an unknown file probably mean: a kind, and for its columns the source, each with a reason.

    best = proposals(columns)[0]
    best.kind, best.columns["ts"].source, best.columns["ts"].reason

Names, types and values speak for a pair. What the values say is found out by converting them as ingest would: a
proposal that could not be stored is none. Nothing is read here, and nothing is decided: a person looks it over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.events import KINDS
from metrics.events.evidence import Evidence, Seen, evidence, speaks_for_itself
from metrics.events.schema import Kind
from metrics.events.similarity import Likeness, likeness

NAME_WEIGHT = 0.6
"""Share of a pair's score that its names give; its values give the rest."""
LEAST = 0.5
"""Score from which on a pair is proposed."""
TELLING = 0.9
"""Evidence so strong that the name may say nothing."""
UNLIKE = 0.35
"""Likeness below which a name says nothing."""


@dataclass(frozen=True)
class Proposed:
    """A source for a column."""

    column: str
    """Ours."""
    source: str
    """Theirs."""
    score: float
    """0 to 1."""
    reason: str
    """Why, in words."""
    unit: str | None = None
    """Unit of a duration, or of a number that is a time, where values or name tell it."""


@dataclass(frozen=True)
class Proposal:
    """What a file probably is."""

    kind: str
    score: float
    """How well the kind fits, 0 to 1."""
    reason: str
    columns: Mapping[str, Proposed]
    """By our column."""


def proposals(columns: Sequence[Seen]) -> list[Proposal]:
    """A proposal a kind, the likeliest first."""
    return sorted((propose(columns, kind) for kind in KINDS.values()), key=lambda one: -one.score)


def propose(columns: Sequence[Seen], kind: Kind) -> Proposal:
    """The likeliest source of each column of a kind; a column of the file serves one of ours at most."""
    pairs = sorted(_pairs(columns, kind), key=lambda pair: (-pair.score, pair.column))
    chosen: dict[str, Proposed] = {}
    taken: set[str] = set()
    for pair in pairs:
        if pair.column not in chosen and pair.source not in taken:
            chosen[pair.column] = pair
            taken.add(pair.source)
    ordered = {column.name: chosen[column.name] for column in kind.columns if column.name in chosen}
    score, reason = _fit(kind, ordered, len(columns))
    return Proposal(kind.name, score, reason, ordered)


def _pairs(columns: Sequence[Seen], kind: Kind) -> list[Proposed]:
    found: list[Proposed] = []
    for seen in columns:
        for column in kind.columns:
            like = likeness(column, seen.name, kind.name)
            if like.score < UNLIKE and not speaks_for_itself(column):
                continue
            told = evidence(column, seen, kind.name)
            score = _score(like, told)
            if score >= LEAST:
                reason = "; ".join(part for part in (like.reason if like.score >= UNLIKE else "", told.reason) if part)
                found.append(Proposed(column.name, seen.name, round(score, 3), reason, told.unit))
    return found


def _score(like: Likeness, told: Evidence) -> float:
    if told.strength <= 0:
        return 0
    if like.score < UNLIKE:
        return LEAST + (told.strength - TELLING) if told.strength >= TELLING else 0
    return NAME_WEIGHT * like.score + (1 - NAME_WEIGHT) * told.strength


def _fit(kind: Kind, chosen: Mapping[str, Proposed], width: int) -> tuple[float, str]:
    """How well a kind fits: the best of its signatures, its time, and how much of the file it explains."""
    own = [pair for name, pair in chosen.items() if name in {column.name for column in kind.own_columns}]
    needed = max((_share(signature, chosen) for signature in kind.signature), default=0)
    required = [column.name for column in kind.columns if column.required and column.name != "event_id"]
    explained = sum(pair.score for pair in own) / max(1, width)
    score = 0.4 * needed + 0.25 * _share(required, chosen) + 0.35 * min(1.0, 1.5 * explained)
    lacks = [name for name in required if name not in chosen]
    said = f"{len(own)} of its own columns are found" if own else "none of its own columns is found"
    return round(score, 3), said + (f", {', '.join(lacks)} is missing" if lacks else "")


def _share(names: Sequence[str], chosen: Mapping[str, Proposed]) -> float:
    return sum(chosen[name].score for name in names if name in chosen) / max(1, len(names))
