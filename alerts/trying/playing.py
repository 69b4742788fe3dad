"""Plays timelines (see `rule_tests.py`) through the code that evaluates rules, and compares with what is expected."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from alerts.judging import Instance, Key, Transition
from alerts.judging.composite import in_order
from alerts.judging.evaluation import Evaluation, Span, evaluate
from alerts.judging.evidence import Memory
from alerts.judging.holidays import Holidays
from alerts.judging.instants import MICROSECOND, buckets, due, moment
from alerts.rules import AlertRule
from alerts.rules.durations import written
from alerts.trying.input_series import InputSeries, Row, numbers
from alerts.trying.rule_tests import STATES, TRANSITIONS, Expected, RuleTest, Values, expected, read
from metrics.catalog import METRICS, Metric
from metrics.events.entries import Document, entries_of, nearest, read_entries
from metrics.events.problems import ConfigurationError

Notify = Callable[[Sequence[AlertRule], Evaluation, datetime], Sequence[str]]
"""What people are told after the evaluation of an instant, a line each; it may remember what it told before."""


class TimelineError(ConfigurationError):
    """A file of timelines that cannot be used; says file, line and what was expected."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that was not as expected."""

    file: str
    line: int
    case: str
    said: str
    """What was expected, and what was seen."""

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.case}: {self.said}"


@dataclass(frozen=True)
class Report:
    """What came of a file."""

    cases: tuple[str, ...]
    """The names of the timelines that were played."""
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class Played:
    """What happened in a timeline."""

    start: datetime
    states: tuple[tuple[datetime, Mapping[Key, Instance]], ...]
    """After every evaluation."""
    transitions: tuple[Transition, ...]
    told: tuple[tuple[datetime, str], ...] = ()

    def at(self, since: timedelta) -> Mapping[Key, Instance]:
        """The instances as they were so long after the start."""
        seen = [known for instant, known in self.states if instant <= self.start + since]
        return seen[-1] if seen else {}


def report_of(
    path: Path,
    metrics: Mapping[str, Metric] = METRICS,
    notify: Callable[[], Notify] | None = None,
    wanted: str = "",
) -> Report:
    """What came of the timelines of a file; `notify` makes, for each, what tells people.

    `wanted` is a text that the name of a timeline, or the id of one of its rules, must hold for it to be played.

    Raises:
        TimelineError: the file, or one of rules that it names, cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TimelineError(f"{path}: cannot be read: {error}") from error
    cases = entries_of(text, str(path), RuleTest, TimelineError)
    document = Document.of(text, str(path))
    failures: list[Failure] = []
    played: list[str] = []
    for number, case in enumerate(cases):
        try:
            rules = rules_of(case, path.parent)
            if not any(wanted in name for name in (case.name, *(rule.id for rule in rules))):
                continue
            played.append(case.name)
            found = list(differences(case, rules, play(case, rules, metrics, notify and notify())))
        except ValueError as error:
            raise TimelineError(f"{path}, line {document.line((number,))}: {case.name}: {error}") from error
        failures += [Failure(str(path), document.line((number, *place)), case.name, said) for place, said in found]
    return Report(tuple(played), tuple(failures))


def rules_of(case: RuleTest, directory: Path) -> tuple[AlertRule, ...]:
    """The rules of a case. Raises `TimelineError` when a file cannot be used, and ValueError for an id that is not."""
    from_files: list[AlertRule] = []
    for name in case.rule_files:
        if not (directory / name).is_file():
            raise ValueError(f"rule_files: there is no file {directory / name}")
        from_files += read_entries(directory / name, AlertRule, TimelineError)
    missing = set(case.only) - {rule.id for rule in from_files}
    if missing:
        raise ValueError(f"only: no rule of the files has the id {', '.join(sorted(missing))}")
    return (*case.rules, *(rule for rule in from_files if not case.only or rule.id in case.only))


def play(
    case: RuleTest, rules: Sequence[AlertRule], metrics: Mapping[str, Metric] = METRICS, notify: Notify | None = None
) -> Played:
    """What happens in a timeline, evaluated instant by instant as by a clock.

    Raises ValueError that says what of the figures or the rules cannot be.
    """
    if case.notifications is not None and notify is None:
        raise ValueError("notifications: nobody is told anything here; leave them out")
    rules, holidays = in_order(rules), Holidays.of(case.holidays, "UTC")
    figures = InputSeries(tuple(_row(values, case.start, rules, metrics) for values in case.figures), metrics)
    known: dict[Key, Instance] = {}
    memory = Memory()
    states: list[tuple[datetime, Mapping[Key, Instance]]] = []
    transitions: list[Transition] = []
    told: list[tuple[datetime, str]] = []
    after = case.start + case.begin
    for instant in _ticks(case, rules, figures):
        span = Span(max(after, instant - case.catch_up), instant, late_before=instant)
        evaluation = evaluate(rules, figures, known.values(), span, timedelta(), memory, holidays)
        for outcome in evaluation.outcomes:
            known |= outcome.instances
        states.append((instant, dict(known)))
        transitions += evaluation.transitions
        told += [(instant, text) for text in (notify(rules, evaluation, instant) if notify else ())]
        after = instant
    return Played(case.start, tuple(states), tuple(transitions), tuple(told))


def _ticks(case: RuleTest, rules: Sequence[AlertRule], figures: InputSeries) -> Sequence[datetime]:
    """The instants at which somebody is there to evaluate."""
    ends = [row.start + len(row.values) * row.width for row in figures.rows]
    until = max(ends, default=case.start) if case.until is None else case.start + case.until
    ticks: set[datetime] = set()
    for rule in rules:
        window = due(rule.window, timedelta(), case.start + case.begin, until)
        if window:
            ticks |= {moment(one) for one in (buckets(window, rule.window) + rule.window // MICROSECOND).tolist()}
    away = [(case.start + one.start, case.start + one.end) for one in case.away]
    return sorted(tick for tick in ticks if not any(start <= tick < end for start, end in away))


def _row(values: Values, start: datetime, rules: Sequence[AlertRule], metrics: Mapping[str, Metric]) -> Row:
    if values.metric not in metrics:
        raise ValueError(f"figures: there is no metric {values.metric!r}{nearest(values.metric, metrics)}")
    widths = {rule.window for rule in rules if rule.metric == values.metric}
    if values.window is None and len(widths) != 1:
        listed = ", ".join(map(written, sorted(widths))) or "no rule looks at it"
        raise ValueError(f"figures: {values.metric}: say by `window` how long a value holds ({listed})")
    row = numbers(values.values, metrics[values.metric].levels)
    events = numbers(values.events)[: len(row)]
    events = np.concatenate([events, np.full(len(row) - len(events), events[-1])])
    width = values.window or min(widths)
    return Row(values.metric, values.labels, width, start, row, np.where(np.isnan(row), 0.0, events))


Difference = tuple[tuple[str | int, ...], str]
"""Where in the case it is written, and what was expected and seen."""


def differences(case: RuleTest, rules: Sequence[AlertRule], played: Played) -> Iterator[Difference]:
    """Everything that is not as expected. Raises ValueError where what is expected cannot be."""
    for number, line in expected(case.states, STATES):
        known, key = played.at(line.at), _key(line, rules)
        instance = known.get(key)
        seen = "none" if instance is None else instance.state.value
        if seen != line.word:
            at = f"at {written(line.at)}"
            yield ("states", number), f"{at} expected {line.word} {key}; it is {_described(key, known, played.start)}"
    if case.transitions is not None:
        lines = [
            (number, _happened(line.at, line.word, _key(line, rules), line.late))
            for number, line in expected(case.transitions, TRANSITIONS)
        ]
        seen = [_happened(one.at - played.start, one.kind, one.key, one.late) for one in played.transitions]
        yield from _unlike("transitions", lines, seen)
    if case.notifications is not None:
        lines = [(number, f"at {written(at)}: {text}") for number, at, text in read(case.notifications)]
        seen = [f"at {written(at - played.start)}: {text}" for at, text in played.told]
        yield from _unlike("notifications", lines, seen)


def _unlike(section: str, lines: Sequence[tuple[int, str]], seen: Sequence[str]) -> Iterator[Difference]:
    rest = Counter(seen)
    for number, text in lines:
        if not rest[text]:
            yield (section, number), f"expected `{text}`; seen: {'; '.join(seen) or 'nothing'}"
        rest[text] -= 1
    for text, times in rest.items():
        if times > 0:
            yield (section,), f"`{text}` is not among the {section} expected"


def _key(line: Expected, rules: Sequence[AlertRule]) -> Key:
    by_id = {rule.id: rule for rule in rules}
    if not line.rule and len(rules) > 1:
        raise ValueError(f"at {written(line.at)}: {line.word}: say of which rule: {', '.join(by_id)}")
    rule = by_id.get(line.rule) if line.rule else rules[0]
    if rule is None:
        raise ValueError(f"at {written(line.at)}: there is no rule {line.rule!r}{nearest(line.rule, by_id)}")
    if set(line.labels) != set(rule.by):
        listed = ", ".join(f"{name}=…" for name in rule.by)
        raise ValueError(f"at {written(line.at)}: {line.word}: the labels of {rule.id} are {{{listed}}}")
    return Key(rule.id, tuple((name, line.labels[name]) for name in rule.by))


def _happened(at: timedelta, kind: str, key: Key, late: bool) -> str:
    return f"at {written(at)}: {kind} {key}{' late' * late}"


def _described(key: Key, known: Mapping[Key, Instance], start: datetime) -> str:
    instance = known.get(key)
    if instance is None:
        others = ", ".join(str(one) for one in sorted(known, key=str) if one.rule == key.rule)
        return f"none; there are {others or 'none of that rule'}"
    since = f" since {written(instance.since - start)}" if instance.since else ""
    return f"{instance.state}{since}, its value is {'unknown' if instance.value is None else f'{instance.value:g}'}"
