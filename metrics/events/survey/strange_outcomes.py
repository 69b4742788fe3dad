"""Words for the outcome of calls that nobody knows.

They count as errors, lest an outage make the error rate look good. Where a file has no word for a success, one may mean
it; and where many calls end by a word that does not sound like a failure (`cached`, `partial`), it may be none either.
"""

import re
from collections import Counter
from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, rule_of, sampled
from metrics.events.survey.looking import Look, Verdict
from metrics.events.values.converting import converted
from metrics.events.values.outcome import CALL, STATUS

_MOST_WORDS = 50
_MANY = 0.05
"""Share of the calls from which on a word that sounds like no failure is asked about though others succeeded."""
_FAILING = (
    r"(?i)err|fail|exception|denied|invalid|unavail|overload|abort|reject|refus|crash|time.?out|limit|exceed|forbid|"
    r"unauth|bad|not.?found|kill|panic|fault|broken|lost|unreach|throttl|quota|connect|reset|exhaust|unknown|missing|"
    r"down|exit|^-?\d+$"
)
"""How words for failures sound; a number is the code of one."""
_SHOWN = 5


class StrangeOutcomes:
    """The look at how calls ended."""

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._column = part.kind.by_name[STATUS]
        self._known: Counter[str] = Counter()
        self._strange: Counter[str] = Counter()

    @property
    def column(self) -> str:
        """Our column."""
        return STATUS

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        if self._name in rows.columns:
            for word, meaning, count in _meanings(rows, self._part, self._name).iter_rows():
                if meaning in self._column.one_of:
                    self._known[meaning] += count
                elif len(self._strange) < _MOST_WORDS:
                    self._strange[word.strip()] += count

    def verdict(self) -> Verdict:
        """Nothing where calls succeed by a known word, and few fail by one that does not sound like it."""
        calls = self._known.total() + self._strange.total()
        asked = self._strange
        if self._known["ok"]:
            mild = {word: count for word, count in asked.items() if not re.search(_FAILING, word)}
            asked = Counter(mild if sum(mild.values()) > _MANY * calls else {})
        if not asked:
            return Verdict()
        word, count = asked.most_common(1)[0]
        seen = ", ".join(one for one, _ in asked.most_common(_SHOWN))
        begins = (
            "beside words that are known" if self._known["ok"] else "no call of the file succeeded by a known word;"
        )
        asks = (
            f"{begins} {self._name} says {seen}: does {word} ({count:,} calls) mean success? Words that are not known "
            "count as errors"
        )
        known = dict(rule_of(self._part, self._column).map)
        failures = dict.fromkeys(self._strange, "error")
        options = (
            Option(f"{word} means success", {STATUS: {"map": {**known, word: "ok"}}}),
            Option("all of them are errors", {STATUS: {"map": {**known, **failures}}}),
        )
        return Verdict(question=Question(self._part.kind.name, self._name, asks, options))


def _meanings(rows: pl.DataFrame, part: Part, name: str) -> pl.DataFrame:
    """The words of a column, what they mean, how often they occur."""
    column = part.kind.by_name[STATUS]
    meaning = converted(column, name, rows.schema[name], part.kind.name, rule_of(part, column))
    words = rows.select(pl.col(name).cast(pl.String, strict=False).alias("word"), meaning.alias("meaning"))
    return words.filter(pl.col("meaning").is_not_null()).group_by("word", "meaning", maintain_order=True).len("count")


def look_for_strange_outcomes(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where calls have an outcome, and the first have one by a word that nobody knows."""
    if part.kind.name != CALL:
        return
    for name in fed(rows, part)[STATUS][:1]:
        if name in rows.columns and not rows.schema[name].is_nested():
            first = sampled(rows[name]).to_frame()
            meanings = set(_meanings(first, part, name)["meaning"])
            if meanings - set(part.kind.by_name[STATUS].one_of):
                yield StrangeOutcomes(part, name)
