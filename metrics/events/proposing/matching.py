"""Which column of an unknown file is which of ours: pairs by names and values, and how well a kind fits.

A pair's score is what its name says and what its values say; values that cannot be stored, or look like something
else, rule it out. The best pair of all is taken first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from metrics.events import KINDS
from metrics.events.proposing.evidence import MANY, Evidence, evidence, speaks_for_itself
from metrics.events.proposing.looks import Seen
from metrics.events.proposing.naming import time_rank
from metrics.events.proposing.shapes import Rows
from metrics.events.proposing.similarity import Likeness, likeness
from metrics.events.schema import Column, Kind

NAME_WEIGHT = 0.6
"""Share of a pair's score that its names give; its values give the rest."""
LEAST = 0.5
"""Score from which on a pair is proposed."""
TELLING = 0.9
"""Evidence so strong that the name may say nothing."""
UNLIKE = 0.35
"""Likeness below which a name says nothing."""
SURE = 0.7
"""Score from which on a kind is likely."""
_UNSURE_TIME = 0.6
"""Rank of a time's name up to which it may be another moment than that of the event."""
_NO_TIME = 0.4
"""Rank of a time's name below which it is another moment for certain."""
_SPARSE = 0.12
"""By how much a column without any value is worth less than a full one."""


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
    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What else its rule has to say, in the words of a mapping."""
    check: str = ""

    @property
    def as_rule(self) -> Any:
        """As a mapping says it."""
        names = {} if {"ends", "join", "value"} & self.rule.keys() else {"from": self.source}
        said = {**names, **({"unit": self.unit} if self.unit else {}), **self.rule}
        return self.source if said == {"from": self.source} else said


@dataclass(frozen=True)
class Proposal:
    """What a file probably is."""

    kind: str
    score: float
    """How well the kind fits, 0 to 1."""
    reason: str
    columns: Mapping[str, Proposed]
    """By our column."""
    rows: Rows = field(default_factory=Rows)
    """Which rows are of the kind."""
    others: tuple["Proposal", ...] = ()
    """More parts of the same file."""
    is_several: bool = False
    """Whether one row is an event of each part."""
    each: str | None = None
    """The column with the list whose items are the rows."""
    doubts: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[str, ...]:
        """What a person should look at before this is taken."""
        own = [*self.doubts, self.rows.check, *(one.check for one in self.columns.values())]
        return tuple(dict.fromkeys([*filter(None, own), *(check for one in self.others for check in one.checks)]))

    @property
    def is_sure(self) -> bool:
        """Whether nothing speaks against it."""
        return self.score >= SURE and not self.checks

    @property
    def entry(self) -> dict[str, Any]:
        """What a mapping says, but for its name and which files it is for."""
        parts = [self, *self.others]
        said: dict[str, Any] = {"each": [self.each]} if self.each else {}
        if len(parts) == 1 and self.rows.is_all:
            return {**said, **_part(self)}
        return {**said, **({"several": True} if self.is_several else {}), "parts": [_part(one) for one in parts]}


def _part(proposal: Proposal) -> dict[str, Any]:
    rows = proposal.rows
    said: dict[str, Any] = {"kind": proposal.kind}
    if rows.when:
        said["when"] = {column: list(values) for column, values in rows.when.items()}
    if rows.unless:
        said["unless"] = {column: list(values) for column, values in rows.unless.items()}
    if rows.present:
        said["present"] = list(rows.present)
    if rows.count:
        said["count"] = rows.count
    return {**said, "columns": {name: one.as_rule for name, one in proposal.columns.items()}}


def first_draft(columns: Sequence[Seen], kind: Kind) -> Proposal:
    """The likeliest source of each column of a kind; a column of the file serves one of ours at most."""
    chosen = matched(columns, kind)
    score, reason = _fit(kind, chosen, len(columns))
    return Proposal(kind.name, score, reason, chosen)


def matched(columns: Sequence[Seen], kind: Kind) -> dict[str, Proposed]:
    """The best pairs, in the order of the kind's columns."""
    pairs = sorted(_pairs(columns, kind), key=lambda pair: (-pair.score, pair.column))
    chosen: dict[str, Proposed] = {}
    taken: set[str] = set()
    for pair in pairs:
        if pair.column not in chosen and pair.source not in taken:
            chosen[pair.column] = pair
            taken.add(pair.source)
    return in_order(kind, chosen)


def in_order(kind: Kind, chosen: Mapping[str, Proposed]) -> dict[str, Proposed]:
    """By our column, in the order in which the kind has them."""
    return {column.name: chosen[column.name] for column in kind.columns if column.name in chosen}


def _pairs(columns: Sequence[Seen], kind: Kind) -> Iterator[Proposed]:
    for seen in columns:
        for column in kind.columns:
            like = likeness(column, seen.name, kind.name)
            if like.score < UNLIKE and not speaks_for_itself(column):
                continue
            told = evidence(column, seen, kind.name)
            score = _time_score(seen, told) if column.name == "ts" else _score(column, like, told, seen)
            if score < LEAST:
                continue
            reason = "; ".join(part for part in (like.reason if like.score >= UNLIKE else "", told.reason) if part)
            check = told.check
            if column.name == "ts" and time_rank(seen.name) <= _UNSURE_TIME:
                check = f"{seen.name} may be another moment than the one when it happened"
            yield Proposed(column.name, seen.name, round(score, 3), reason, told.unit, told.rule, check)


def _score(column: Column, like: Likeness, told: Evidence, seen: Seen) -> float:
    if told.strength <= 0:
        return 0
    if seen.is_empty:  # it may be filled in another file, but no full column gives way to it
        return LEAST if like.score == 1 else 0
    if like.score < UNLIKE:
        return LEAST + (told.strength - TELLING) if told.strength >= TELLING else 0
    score = NAME_WEIGHT * like.score + (1 - NAME_WEIGHT) * told.strength
    if told.strength >= TELLING:  # values that say it all need no good name
        score = max(score, LEAST + 0.3)
    if column.name.endswith("_id") and like.score < 1 and seen.is_constant and seen.counted[0] >= MANY:
        score -= 2 * _SPARSE  # one account, one project: that is nobody in particular
    return score - _SPARSE * (1 - seen.fullness)


def _time_score(seen: Seen, told: Evidence) -> float:
    """By when it was, as its name says: values only say that it is a time."""
    if told.strength <= 0 or seen.is_empty or time_rank(seen.name) < _NO_TIME:
        return 0
    score = told.strength * (0.4 + 0.6 * time_rank(seen.name)) - _SPARSE * (1 - seen.fullness)
    if seen.is_constant and seen.counted[0] > 2:
        score *= 0.8
    if all(len(text.strip()) <= 10 and not text.strip().isdigit() for text in seen.texts):  # a day, without its time
        score *= 0.85
    return max(score, LEAST + 0.01)


@cache
def _weights() -> Mapping[str, float]:
    """How much a column says about the kind: little where many kinds have one of that name."""
    names = [column.name for kind in KINDS.values() for column in kind.own_columns]
    return {name: 1 / names.count(name) for name in names}


def _fit(kind: Kind, chosen: Mapping[str, Proposed], width: int) -> tuple[float, str]:
    """How well a kind fits by what the file has: a signature, a time, columns that only this kind has."""
    own: list[Column] = [column for column in kind.own_columns if column.name in chosen]
    needed = max((_share(signature, chosen) for signature in kind.signature), default=0)
    required = [column.name for column in kind.columns if column.required and column.name != "event_id"]
    scores = sum(chosen[column.name].score for column in own)
    weighed = sum(chosen[column.name].score * _weights()[column.name] for column in own)
    score = (
        0.4 * needed
        + 0.2 * _share(required, chosen)
        + 0.2 * min(1.0, weighed / 2)
        + 0.2 * min(1.0, 1.5 * scores / max(1, min(width, 10)))
    )
    lacks = [name for name in required if name not in chosen]
    said = f"{len(own)} of its own columns are found" if own else "none of its own columns is found"
    return round(score, 3), said + (f", {', '.join(lacks)} is missing" if lacks else "")


def _share(names: Sequence[str], chosen: Mapping[str, Proposed]) -> float:
    return sum(chosen[name].score for name in names if name in chosen) / max(1, len(names))


def with_column(proposal: Proposal, one: Proposed) -> Proposal:
    """With another source for one of our columns."""
    return replace(proposal, columns=in_order(KINDS[proposal.kind], {**proposal.columns, one.column: one}))


def without(proposal: Proposal, *names: str) -> Proposal:
    """Without some of our columns."""
    return replace(proposal, columns={name: one for name, one in proposal.columns.items() if name not in names})


def source_of(proposal: Proposal, name: str, columns: Sequence[Seen]) -> Seen | None:
    """The file's column that is proposed for one of ours."""
    found = proposal.columns.get(name)
    return next((one for one in columns if found and one.name == found.source), None)


def unclaimed(proposal: Proposal, columns: Sequence[Seen]) -> list[Seen]:
    """The file's columns with values that serve none of ours."""
    claimed = {one.source for one in proposal.columns.values()}
    return [one for one in columns if one.name not in claimed and not one.is_empty]
