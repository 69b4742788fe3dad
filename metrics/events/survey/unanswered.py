"""Requests whose HTTP status is 0 or less: what clients and load tests write where nobody answered.

No server answers so, and rows that are rejected for it are those of an outage: without them the error rate looks good.
"""

from collections.abc import Iterable

import polars as pl

from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.survey.feeding import fed, sampled
from metrics.events.survey.looking import Look, Verdict

_CODE = "status_code"
_NOBODY = 503
_LEAST = 100


class Unanswered:
    """The look at the statuses of requests."""

    def __init__(self, part: Part, name: str) -> None:
        self._part, self._name = part, name
        self._none: dict[str, int] = {}
        self._answered = 0

    @property
    def column(self) -> str:
        """Our column."""
        return _CODE

    def see(self, rows: pl.DataFrame) -> None:
        """Count the requests that were answered, and those that were not."""
        if self._name in rows.columns:
            texts, codes = _codes(rows[self._name])
            self._answered += int((codes >= _LEAST).sum())
            for text, count in texts.filter(codes <= 0).value_counts().iter_rows():
                self._none[text] = self._none.get(text, 0) + count

    def verdict(self) -> Verdict:
        """The question, where other requests were answered: else it may be a code of another protocol."""
        if not self._none or not self._answered:
            return Verdict()
        said, count = " or ".join(sorted(self._none)), sum(self._none.values())
        asks = f"{self._name} is {said} in {count:,} requests, which no server answers: did nobody answer them?"
        failed, unknown = (
            {_CODE: {"map": dict.fromkeys(self._none, meaning)}} for meaning in (str(_NOBODY), None)
        )  # fmt: skip
        options = (
            Option(f"nobody did: they count as server errors ({_NOBODY})", failed),
            Option("nothing is known of how they ended", unknown),
        )
        return Verdict(question=Question(self._part.kind.name, self._name, asks, options))


def _codes(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    texts = values.cast(pl.String, strict=False).alias("text")
    return texts, texts.str.strip_chars().cast(pl.Float64, strict=False).fill_nan(None)


def look_for_unanswered(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look where no rule says what a status means, and one of the first is none."""
    if part.kind.name != "request" or _CODE in part.columns:
        return
    for name in fed(rows, part)[_CODE][:1]:
        if name in rows.columns and not rows.schema[name].is_nested() and (_codes(sampled(rows[name]))[1] <= 0).any():
            yield Unanswered(part, name)
