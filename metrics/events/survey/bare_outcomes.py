"""Outcomes that are a bare 0 or 1: a flag of success, the code of a process, or OpenTelemetry's unset and ok.

Where a file of calls has but one of them, nothing is told apart by it, and it is what succeeds. Where it has both, they
may be successes and failures, or all successes: only who wrote them knows. Of probes a 1 alone tells as little; a 0
alone is the status of one that could not connect.
"""

from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, rule_of, sampled
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.outcome import CALL, STATUS

_CALLS = (
    ("1 is a success, 0 a failure", {"1": "ok", "0": "error"}),
    ("0 is a success, 1 a failure", {"0": "ok", "1": "error"}),
    ("both are successes (OpenTelemetry's ok and unset)", {"0": "ok", "1": "ok"}),
)
_PROBES = (
    ("1 is up, 0 is down", {"1": "healthy", "0": "down"}),
    ("0 is up, 1 is down", {"0": "healthy", "1": "down"}),
    ("0 is up, 1 a warning (the codes of Nagios)", {"0": "healthy", "1": "degraded"}),
)
_MEANINGS = {CALL: (_CALLS, "calls", ("0", "1")), "health": (_PROBES, "probes", ("1",))}
"""By kind, what digits may mean, what they are said of, and which of them must be there to ask."""


class BareOutcomes:
    """The look at a column of digits that says how calls ended."""

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._counts = {"0": 0, "1": 0}
        self._has_others = False

    @property
    def column(self) -> str:
        """Our column."""
        return STATUS

    def see(self, rows: pl.DataFrame) -> None:
        """Count what it says."""
        if self._name in rows.columns:
            words = _words(rows[self._name])
            for digit in self._counts:
                self._counts[digit] += int((words == digit).sum())
            self._has_others |= not words.is_in(list(self._counts)).all()

    def verdict(self) -> Verdict:
        """The question, where there is nothing else, and what may mean several things."""
        meanings, what, needed = _MEANINGS[self._part.kind.name]
        if self._has_others or not all(self._counts[digit] for digit in needed):
            return Verdict()
        asks = (
            f"{self._name} is 0 in {self._counts['0']:,} {what} and 1 in {self._counts['1']:,}, and nothing says which "
            "of them failed"
        )
        options = tuple(
            Option(says, {STATUS: {"map": {**meant, **{f"{digit}.0": word for digit, word in meant.items()}}}})
            for says, meant in meanings
        )
        return Verdict(question=Question(self._part.kind.name, self._name, asks, options))


def _words(values: pl.Series) -> pl.Series:
    return values.cast(pl.String, strict=False).drop_nulls().str.strip_chars().str.strip_suffix(".0")


def look_for_bare_outcomes(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where no rule says what the words of `status` mean, and its first are 0 or 1."""
    if part.kind.name not in _MEANINGS or rule_of(part, part.kind.by_name[STATUS]).map:
        return
    for name in fed(rows, part)[STATUS][:1]:
        if name in rows.columns and not (rows.schema[name].is_nested() or rows.schema[name] == pl.Boolean):
            words = _words(sampled(rows[name]))
            if len(words) and words.is_in(["0", "1"]).all():
                yield BareOutcomes(part, name)
