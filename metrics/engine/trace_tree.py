"""The events of a trace, nested by parent: every event once, parents before what happened within them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class Step:
    """An event of a trace: a span, or something that was said within one."""

    kind: str
    event_id: str
    ts: datetime
    """When it began."""
    span_id: str | None = None
    parent_span_id: str | None = None
    duration_ms: float | None = None
    """None where it has no length."""
    cost_usd: float | None = None
    """Its own, without what happened within it; None where it has none or none is known."""
    tokens: int | None = None

    @property
    def end(self) -> datetime:
        """When it ended."""
        return self.ts + timedelta(milliseconds=self.duration_ms or 0)


@dataclass(frozen=True, slots=True)
class Placed:
    """A step where it stands in its trace."""

    step: Step
    depth: int
    """0 at the top."""
    self_ms: float | None
    """Its length without the times in which something ran within it; None where it has no length."""
    cost_usd: float | None
    """With all that happened within it; None where no cost is known of any of it."""
    tokens: int | None
    """The same of tokens."""
    orphan: bool
    """It names a parent that is not here, or one that stands within itself: it stands at the top, behind all else."""


def placed(steps: Sequence[Step]) -> list[Placed]:
    """Every step once, parents before their children, siblings by time.

    A step stands within the span that it names as its parent. Events of one span (a call that failed and the error
    that it became) are nested: the one with the greatest length holds the others. A circle of parents is cut at
    its earliest step.
    """
    ordered = sorted(steps, key=lambda step: (step.ts, step.kind, step.event_id))
    above = _parents(ordered)
    within = defaultdict[int | None, list[int]](list)
    for place in range(len(ordered)):
        within[above[place]].append(place)
    within[None].sort(key=lambda place: bool(ordered[place].parent_span_id))  # what lacks its parent comes last
    order = list(_downwards(within))
    cost = [step.cost_usd for step in ordered]
    tokens = [step.tokens for step in ordered]
    for place, _ in reversed(order):
        parent = above[place]
        if parent is not None:
            cost[parent] = _sum(cost[parent], cost[place])
            tokens[parent] = _sum(tokens[parent], tokens[place])
    return [
        Placed(
            step=(step := ordered[place]),
            depth=depth,
            self_ms=_self_ms(step, [ordered[child] for child in within[place]]),
            cost_usd=cost[place],
            tokens=tokens[place],
            orphan=above[place] is None and bool(step.parent_span_id),
        )
        for place, depth in order
    ]


def _parents(steps: Sequence[Step]) -> list[int | None]:
    """Of each step, the place of the one that it stands within."""
    holders: dict[str, int] = {}
    for place, step in enumerate(steps):
        if step.span_id and (
            step.span_id not in holders or (step.duration_ms or 0) > (steps[holders[step.span_id]].duration_ms or 0)
        ):
            holders[step.span_id] = place
    above: list[int | None] = []
    for place, step in enumerate(steps):
        held = holders.get(step.span_id) if step.span_id else None
        own = held is not None and held != place
        above.append(held if own else holders.get(step.parent_span_id) if step.parent_span_id else None)
    return _without_circles(above)


def _without_circles(above: list[int | None]) -> list[int | None]:
    """The same; the first step of each circle stands within nothing."""
    known: set[int] = set()
    for start in range(len(above)):
        way: dict[int, None] = {}
        place: int | None = start
        while place is not None and place not in known and place not in way:
            way[place] = None
            place = above[place]
        if place is not None and place in way:
            circle = list(way)[list(way).index(place) :]
            above[min(circle)] = None
        known |= way.keys()
    return above


def _downwards(within: dict[int | None, list[int]]) -> Iterator[tuple[int, int]]:
    """Places and their depths, from the top. Not by recursion: a trace may be deeper than Python calls."""
    waiting = [(place, 0) for place in reversed(within[None])]
    while waiting:
        place, depth = waiting.pop()
        yield place, depth
        waiting += [(child, depth + 1) for child in reversed(within.get(place, []))]


def _self_ms(step: Step, children: Sequence[Step]) -> float | None:
    """Children that ran side by side count once; what a foreign clock puts outside of the step counts nothing."""
    if step.duration_ms is None:
        return None
    covered, reached = timedelta(), step.ts
    for child in children:
        start, end = max(child.ts, reached), min(child.end, step.end)
        if end > start:
            covered += end - start
            reached = end
    return max(step.duration_ms - covered / timedelta(milliseconds=1), 0.0)


def _sum(one: N | None, other: N | None) -> N | None:
    return other if one is None else one if other is None else one + other
