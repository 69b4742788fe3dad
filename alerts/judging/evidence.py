"""What a rule must have seen before it can judge: its series over the span, and whatever its condition needs besides.

Rules that ask the same (`by`, `where`, window, span) are answered by one query with all their metrics, so the cost
grows with distinct questions and not with rules.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from alerts.judging.holidays import NO_HOLIDAYS, Holidays
from alerts.judging.instance import Labels
from alerts.judging.instants import floored
from alerts.judging.series import Answers, Floats, Question, Series, SlowEvents, Unanswered, ask, ask_largest, ask_slow
from metrics.engine import Filter, Window

RECENT = 60
"""Values that are shown with an alert."""
_RECENT_REACH = timedelta(hours=6)
"""Farther back than this, but for one bucket, nothing is asked for only to be shown."""
MOST_BUCKETS = 500_000
MOST_REMEMBERED = 8_000_000
"""Values that are kept in memory between evaluations."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a condition looks at besides the buckets it judges."""

    reach: timedelta = timedelta()
    """The time right before them."""
    offsets: tuple[timedelta, ...] = ()
    """The same buckets, so much earlier."""
    block: timedelta = timedelta()
    """Offsets and history are looked at in whole blocks of this length, so that they are the same for all of one."""
    history: timedelta = timedelta()
    """The time right before the block in which they lie."""
    most: int = 0
    """How many instances are looked at, those with the largest sums; 0 is all."""
    ranked_over: timedelta = timedelta()
    """The time up to the newest bucket over which these sums go."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one rule asks."""

    question: Question
    metric: str
    window: Window
    """The buckets to be judged: whole ones."""
    needs: Needs = Needs()
    min_events: int = 0
    known: tuple[Labels, ...] = ()
    """Instances that exist already: they are judged even where there is nothing of them."""
    max_window: timedelta = timedelta()
    """How far a window may grow that holds too few events."""
    min_bad_events: int = 0
    """Bad events without which a grown window is no breach."""
    stale: timedelta = timedelta()
    """How far back a window may grow that is to say that all is well again."""
    over: timedelta = timedelta()
    """How much time is added up for each bucket, where that is more than its own."""
    above: float | None = None
    """Above which an event is bad where the metric is a percentile."""
    holidays: Holidays = NO_HOLIDAYS
    """Days that are not like their weekday."""

    @property
    def span(self) -> Window:
        """The buckets, what is needed right before them, and what is shown with them: at least one bucket more."""
        width = self.question.width
        reach = max(self.needs.reach, min((RECENT - 1) * width, _RECENT_REACH), width) + self.added
        return Window(start=self.window.start - reach // width * width, end=self.window.end)

    @property
    def added(self) -> timedelta:
        """The time before a bucket that is added to it."""
        return max(self.over - self.question.width, timedelta())

    @property
    def blocks(self) -> Window:
        """The buckets, out to whole blocks."""
        block = self.needs.block or self.question.width
        last = floored(self.window.end - self.question.width, block)
        return Window(start=floored(self.window.start, block), end=last + block)

    def earlier(self, offset: timedelta) -> Window:
        """The blocks so much earlier, in whole buckets."""
        width = self.question.width
        back = max(offset // width, 1) * width
        return Window(start=self.blocks.start - back, end=self.blocks.end - back)

    @property
    def history(self) -> Window:
        """What lies before each of the blocks, as far as the history reaches."""
        width = self.question.width
        back = max(self.needs.history // width, 1) * width
        block = self.needs.block or width
        return Window(start=self.blocks.start - back, end=self.blocks.end - block)

    @property
    def before(self) -> tuple[Window, ...]:
        """Windows that lie apart from the span and stay the same for as long as a block lasts."""
        history = (self.history,) if self.needs.history else ()
        earlier = map(self.earlier, self.needs.offsets)
        return (*(Window(start=one.start - self.added, end=one.end) for one in earlier), *history)


class Memory:
    """Keeps what does not change from one evaluation to the next, up to a number of values; the oldest use goes first.

    It makes nothing different, only sooner: whoever has none gets the same. Not to be shared between threads.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[object, tuple[int, object]] = OrderedDict()

    def get(self, key: object) -> object | None:
        """What is kept under a key."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][1]

    def put(self, key: object, value: object, size: int) -> None:
        """Keep something that is as large as `size` numbers."""
        self._kept[key] = (size, value)
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and sum(size for size, _ in self._kept.values()) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True)
class Evidence:
    """What a rule has to go by."""

    asked: Ask
    series: Series
    """The span: as far back as is needed, and the buckets to be judged at its end."""
    first: int
    """The first column of the span that is to be judged."""
    begins: NDArray[np.intp]
    """By row: the first judged column at which the instance exists, since something of it was seen there or before."""
    earlier: Mapping[timedelta, Series] = field(default_factory=dict[timedelta, Series])
    """By offset: the blocks so much earlier, in the rows of the span."""
    history: Series | None = None
    """With whatever rows there were."""
    memory: Memory = field(default_factory=Memory)
    recorded: Mapping[timedelta, NDArray[np.bool_]] = field(default_factory=dict[timedelta, NDArray[np.bool_]])
    """By offset: whether anything at all is known of the block so much earlier, of whatever instance; by bucket."""
    newest: Series | None = None
    """Where windows are added up: the newest of them, drawn out to the same length."""
    slow: Floats | None = None
    """Of a percentile whose windows may grow: the events of each bucket of the span that lie above the threshold."""

    def of_newest(self) -> "Evidence | None":
        """The same, as if it went on as in the newest windows; None where none are added up."""
        return None if self.newest is None else replace(self, series=self.newest, newest=None)

    @property
    def grows(self) -> bool:
        """Whether windows that hold too few events can be made longer."""
        return self.series.averaged or (self.series.quantile is not None and self.slow is not None)

    @cached_property
    def masked(self) -> Series:
        """The span, without values over too few events."""
        return self.series.masked(self.asked.min_events)

    def judged(self) -> Series:
        """The buckets to be judged, without values over too few events."""
        return self.masked.part(self.first, len(self.series.starts))

    def has_any(self, offset: timedelta) -> NDArray[np.bool_]:
        """By judged bucket, whether anything was recorded of any instance in the block so much earlier."""
        start = (self.asked.window.start - self.asked.blocks.start) // self.asked.question.width
        return self.recorded[offset][np.newaxis, start : start + len(self.series.starts) - self.first]

    def at(self, offset: timedelta) -> Series:
        """The judged buckets so much earlier, without values over too few events."""
        asked = self.asked
        start = (asked.window.start - asked.blocks.start) // asked.question.width
        columns = len(self.series.starts) - self.first
        return self.earlier[offset].masked(asked.min_events).part(start, start + columns)


_Key = tuple[Question, str, Window]


def fetch(
    engine: Answers, asks: Mapping[str, Ask], memory: Memory | None = None
) -> Mapping[str, Evidence | Unanswered]:
    """The evidence for each of the asks, or why there is none now; one that comes to nothing stops no other."""
    memory = Memory() if memory is None else memory
    complaints = {name: complaint for name, one in asks.items() if (complaint := _too_much(one))}
    narrowed = {name: narrowed_to_largest(engine, one) for name, one in asks.items() if name not in complaints}
    sound = {name: one for name, one in narrowed.items() if isinstance(one, Ask)}
    spans = _spans(sound.values())
    keys = {name: _keys(one, spans) for name, one in sound.items()}
    kept = {key: series for _, *before in keys.values() for key in before if (series := memory.get(key)) is not None}
    asked = _answers(engine, dict.fromkeys(key for each in keys.values() for key in each if key not in kept))
    answers = cast("Mapping[_Key, Series | Unanswered]", {**kept, **asked})
    for key in {key for _, *before in keys.values() for key in before if key not in kept}:
        series = answers[key]
        # What was empty may yet be filled: by the first import, for one.
        if isinstance(series, Series) and series.seen.any():
            memory.put(key, series, 2 * series.values.size)
    found: dict[str, Evidence | Unanswered] = {name: Unanswered(said) for name, said in complaints.items()}
    found |= {name: one for name, one in narrowed.items() if isinstance(one, Unanswered)}
    for name, one in sound.items():
        parts = [answers[key] for key in keys[name]]
        failed = next((part for part in parts if isinstance(part, Unanswered)), None)
        found[name] = failed or _evidence(one, cast("list[Series]", parts), memory)
    return {**found, **_with_slow(engine, found)}


def narrowed_to_largest(engine: Answers, one: Ask) -> Ask | Unanswered:
    """The ask, where only some instances are looked at: filtered to the largest ones, and to those that are known."""
    question = one.question
    if not one.needs.most or not question.by:
        return one
    window = Window(start=min(one.window.start, one.window.end - one.needs.ranked_over), end=one.window.end)
    largest = ask_largest(engine, question, one.metric, window, one.needs.most)
    if isinstance(largest, Unanswered):
        return largest
    labels = dict.fromkeys((*largest, *one.known))
    chosen = (
        Filter(dimension=name, values=tuple(dict.fromkeys(dict(label)[name] for label in labels)))
        for name in question.by
    )
    return replace(one, question=replace(question, filters=(*question.filters, *chosen)))


def _with_slow(engine: Answers, found: Mapping[str, Evidence | Unanswered]) -> Mapping[str, Evidence | Unanswered]:
    """Percentiles over too few events, with how many of them are slow: a percentile itself cannot be added up."""
    answered: dict[tuple[Question, str, float, Window], SlowEvents | Unanswered] = {}
    with_slow: dict[str, Evidence | Unanswered] = {}
    for name, one in found.items():
        if isinstance(one, Unanswered) or one.series.quantile is None or one.asked.above is None:
            continue
        events = one.series.events[:, one.first :]
        if not (events < one.asked.min_events).any():
            continue
        key = (one.asked.question, one.asked.metric, one.asked.above, one.asked.span)
        if key not in answered:
            answered[key] = ask_slow(engine, *key)
        slow = answered[key]
        with_slow[name] = slow if isinstance(slow, Unanswered) else replace(one, slow=slow.rows(one.series))
    return with_slow


def _too_much(one: Ask) -> str:
    lengths = [window.length for window in (one.span, *one.before)]
    most = max(length // one.question.width for length in lengths)
    return f"it looks at {most:,} buckets at once: a wider window or a shorter span is needed" * (most > MOST_BUCKETS)


def _spans(asks: Iterable[Ask]) -> Mapping[tuple[Question, str], Window]:
    """One span for all rules that look at the same metric in the same way."""
    spans: dict[tuple[Question, str], Window] = {}
    for one in asks:
        key, span = (one.question, one.metric), one.span
        wide = spans.get(key, span)
        spans[key] = Window(start=min(wide.start, span.start), end=max(wide.end, span.end))
    return spans


def _keys(one: Ask, spans: Mapping[tuple[Question, str], Window]) -> list[_Key]:
    """What is to be answered for one ask: its span, then what lies before."""
    windows = (spans[one.question, one.metric], *one.before)
    return [(one.question, one.metric, window) for window in windows]


def _answers(engine: Answers, keys: Iterable[_Key]) -> Mapping[_Key, Series | Unanswered]:
    """One query for all metrics of the same question over the same window."""
    together: dict[tuple[Question, Window], list[str]] = {}
    for question, metric, window in keys:
        together.setdefault((question, window), []).append(metric)
    return {
        (question, metric, window): series
        for (question, window), metrics in together.items()
        for metric, series in ask(engine, question, metrics, window).items()
    }


def _evidence(one: Ask, parts: Sequence[Series], memory: Memory) -> Evidence:
    raw = parts[0].within(one.span)
    span = raw.added_up(columns) if (columns := one.over // one.question.width) else raw
    first = (one.window.start - one.span.start) // one.question.width
    labels, begins = _rows(one, span, first)
    offsets = one.needs.offsets
    before = {
        offset: part.added_up(columns).within(one.earlier(offset)) if columns else part
        for offset, part in zip(offsets, parts[1:], strict=False)
    }
    earlier = {offset: part.rows(labels) for offset, part in before.items()}
    recorded = {offset: _recorded(part, one) for offset, part in before.items()}
    history = parts[-1] if one.needs.history else None
    if history is not None and columns:
        history = history.added_up(columns)
    few = newest_of(columns)
    newest = raw.added_up(few, columns / few).rows(labels) if columns else None
    return Evidence(one, span.rows(labels), first, begins, earlier, history, memory, recorded, newest)


def newest_of(columns: int) -> int:
    """How many of so many windows that are added up are the newest ones: a quarter."""
    return max(columns // 4, 1)


def _recorded(part: Series, one: Ask) -> NDArray[np.bool_]:
    """By bucket, whether there is anything in its block."""
    columns = max(one.needs.block // one.question.width, 1)
    return np.repeat(part.seen.any(axis=0).reshape(-1, columns).any(axis=1), columns)


def _rows(one: Ask, span: Series, first: int) -> tuple[tuple[Labels, ...], NDArray[np.intp]]:
    """The instances that exist, and from which judged column on: those known, and those seen there or before.

    What was seen right before exists already, though nobody may have kept it: what is quiet need not be stored.
    """
    if not one.question.by:
        return ((),), np.zeros(1, np.intp)
    seen = span.seen
    known = set(one.known)
    here = [row for row, label in enumerate(span.labels) if label in known or seen[row].any()]
    begins = [0 if span.labels[row] in known else max(int(seen[row].argmax()) - first, 0) for row in here]
    answered = set(span.labels)
    absent = [label for label in one.known if label not in answered]
    return (*(span.labels[row] for row in here), *absent), np.array([*begins, *(0 for _ in absent)], np.intp)
