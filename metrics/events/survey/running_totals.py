"""Sums that go on from call to call under names that may mean those of one: `total_cost`, `total_input_tokens`.

Added up once more they grow with the square of the calls. What never falls, over a file or over each session of it,
may be such a sum: a cost that rises where the tokens of its call do not, or input and output that both only rise.
"""

import re
from collections.abc import Iterable

import polars as pl

from metrics.events.cost_units import COST, unit_by_words
from metrics.events.proposing.naming import words_of
from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT
from metrics.events.rows.planning import joined, planned
from metrics.events.survey.feeding import fed, rule_of
from metrics.events.survey.looking import Look, Verdict
from metrics.events.survey.unnamed_costs import costs_named
from metrics.events.values.converting import converted
from metrics.events.values.outcome import CALL

_TOKENS = ("input_tokens", "output_tokens")
_NAMES = r"(?i)total|cumul|running|accum|so_?far|sum"
_STEPS = 5
"""Rises without any fall that are no chance."""
_FIRST = 1000


class RunningTotal:
    """The look at whether a number ever falls."""

    def __init__(self, part: Part, column: str, name: str, session: str | None) -> None:
        self._part, self._column, self.name, self._session = part, column, name, session
        self._last = pl.DataFrame(schema={"session": pl.String, "value": pl.Float64, "own": pl.Float64})
        self._rises = 0
        self._falls = 0

    @property
    def column(self) -> str:
        """Our column."""
        return self._column

    def see(self, rows: pl.DataFrame) -> None:
        """Count rises and falls, in file order."""
        if self.name not in rows.columns:
            return
        values = pl.concat([self._last, _followed(rows, self._part, self._column, self.name, self._session)])
        rises, falls = _steps(values)
        self._rises, self._falls = self._rises + rises, self._falls + falls
        self._last = values.group_by("session").last()

    @property
    def may_be_sum(self) -> bool:
        """Whether it rises, and never fell so far."""
        return bool(self._rises) and not self._falls

    def verdict(self) -> Verdict:
        """The question, where it only rises."""
        if self._falls or self._rises < _STEPS:
            return Verdict()
        name = self.name.removeprefix(FLAT)
        of = f" within any {self._session.removeprefix(FLAT)}" if self._session else ""
        asks = (
            f"{name} never falls{of}, as if each row said the sum of those before it: is it what the call itself used?"
        )
        options = (
            Option("a running sum: leave it out", {self._column: {"from": []}}),
            Option("what the call itself used", {self._column: {"from": name, **_unit(self._column, name)}}),
        )
        return Verdict(question=Question(self._part.kind.name, self.name, asks, options))


def _unit(column: str, name: str) -> dict[str, float]:
    """The part of a dollar that a name says."""
    unit = unit_by_words(words_of(name)) if column == COST else None
    return {"factor": unit.in_dollars} if unit else {}


def _followed(rows: pl.DataFrame, part: Part, column: str, name: str, session: str | None) -> pl.DataFrame:
    """A number of each row, of which session it is, and the tokens of the row where they are no such numbers."""
    ours = part.kind.by_name[column]
    value = converted(ours, name, rows.schema[name], part.kind.name, rule_of(part, ours)).cast(pl.Float64)
    of = pl.lit("") if session is None or session not in rows.columns else pl.col(session).cast(pl.String)
    there = joined(rows, part)
    made = planned(there, part, 0).expressions
    tokens = pl.sum_horizontal(made[one].fill_null(0) for one in _TOKENS)
    own = tokens if column == COST else pl.lit(0)
    frame = there.select(of.fill_null("").alias("session"), value.alias("value"), own.cast(pl.Float64).alias("own"))
    return frame.drop_nulls("value")


def _steps(values: pl.DataFrame) -> tuple[int, int]:
    """How often the number rises where the row's own tokens do not, and how often it falls."""
    step = values.select(pl.col("value", "own").diff().over("session"))
    return int(((step["value"] > 0) & (step["own"] <= 0)).sum()), int((step["value"] < 0).sum())


def look_for_running_totals(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """Looks at numbers that are called totals and never fall among the first."""
    if part.kind.name != CALL:
        return
    names = fed(rows, part)
    session = next((one for one in names["session_id"] if not rows.schema[one].is_nested()), None)
    costs = names[COST] or costs_named(rows.columns)
    found = {
        column: name
        for column, own in ((COST, costs), *((one, names[one]) for one in _TOKENS))
        for name in (own[:1] if column not in part.columns else ())
        if name in rows.columns and not rows.schema[name].is_nested() and re.search(_NAMES, name)
    }
    looks = [
        RunningTotal(part, column, name, session)
        for column, name in found.items()
        if column == COST or found.keys() >= frozenset(_TOKENS)
    ]
    for look in looks:
        look.see(rows.head(_FIRST))
        if look.may_be_sum:
            yield RunningTotal(part, look.column, look.name, session)
