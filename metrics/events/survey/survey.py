"""What only the whole file can tell: whether the day or the month comes first, whether a latency is in seconds.

    survey = Survey(answers)
    if survey.opens(first_rows, recognized):          # something is left open: look at the whole file, once
        for rows in batches(): survey.see(rows, recognized)
    survey.settled(recognized)                        # with the rules that follow
    survey.questions, survey.notes                    # what is to be asked, what was decided and why

A *look* is opened for a column whose first rows leave something open; it sees the column over the whole file and
says what follows. Which looks there are is the table `LOOKS`. What nothing is open about costs nothing.
"""

from collections.abc import Iterable
from functools import partial

import polars as pl

from metrics.events.questions import Answers, Question, Rules
from metrics.events.recognition.recognition import Part, Recognized, with_rules, without
from metrics.events.rows.parting import parted, prepared
from metrics.events.survey.bare_outcomes import look_for_bare_outcomes
from metrics.events.survey.day_before_month import look_for_days_before_months
from metrics.events.survey.day_order import look_for_day_order
from metrics.events.survey.decimals import look_for_currency, look_for_decimals
from metrics.events.survey.duration_units import look_for_duration_units
from metrics.events.survey.early_times import look_for_early_times
from metrics.events.survey.looking import Look, LookAround, Opener, Verdict
from metrics.events.survey.repeated_rows import look_for_repeated_rows
from metrics.events.survey.running_totals import look_for_running_totals
from metrics.events.survey.scales import look_for_scales
from metrics.events.survey.split_times import look_for_split_times
from metrics.events.survey.strange_outcomes import look_for_strange_outcomes
from metrics.events.survey.stream_pieces import look_for_stream_pieces
from metrics.events.survey.token_details import look_for_token_details
from metrics.events.survey.unanswered import look_for_unanswered
from metrics.events.survey.unnamed_costs import look_for_unnamed_costs
from metrics.events.survey.unnamed_outcomes import look_for_unnamed_outcomes
from metrics.events.survey.wrappers import look_for_wrappers
from metrics.events.survey.written_times import look_for_written_times
from metrics.events.survey.zones_beside import look_for_zones_beside

LOOKS: tuple[Opener, ...] = (
    look_for_token_details,
    look_for_wrappers,
    look_for_day_order,
    look_for_days_before_months,
    look_for_early_times,
    look_for_split_times,
    look_for_written_times,
    look_for_zones_beside,
    look_for_duration_units,
    look_for_decimals,
    look_for_currency,
    look_for_unnamed_costs,
    look_for_unnamed_outcomes,
    look_for_strange_outcomes,
    look_for_bare_outcomes,
    look_for_unanswered,
    look_for_scales,
    look_for_repeated_rows,
    look_for_running_totals,
    look_for_stream_pieces,
)
"""Everything that is looked for."""


def looks_at(separator: str) -> tuple[Opener, ...]:
    """The same, for a table of text whose fields `separator` separates (empty: it is none)."""
    decimals = partial(look_for_decimals, points_may_group=separator == ";")
    return tuple(decimals if one is look_for_decimals else one for one in LOOKS)


class Survey:
    """The looks at one file."""

    def __init__(self, answers: Answers | None = None, openers: Iterable[Opener] = LOOKS) -> None:
        self._answers = answers or Answers()
        self._openers = tuple(openers)
        self._looks: dict[tuple[int, str], list[Look]] = {}
        self._verdicts: dict[tuple[int, str], list[Verdict]] | None = None

    def opens(self, rows: pl.DataFrame, recognized: Recognized) -> bool:
        """Whether the first rows leave something open that no answer says."""
        answered = with_rules(recognized, self._answers.rules)
        for number, part, own in self._parts(prepared(rows, answered), answered):
            for look in (look for opener in self._openers for look in opener(own, part)):
                self._looks.setdefault((number, part.kind.name), []).append(look)
        return bool(self._looks)

    def see(self, rows: pl.DataFrame, recognized: Recognized) -> None:
        """Show more rows of the file to those who look."""
        every = prepared(rows, recognized)
        for look in (look for looks in self._looks.values() for look in looks):
            if isinstance(look, LookAround):
                look.see_all(every)
        for number, part, own in self._parts(every, recognized):
            for look in self._looks.get((number, part.kind.name), ()):
                look.see(own)

    def settled(self, recognized: Recognized) -> Recognized:
        """`recognized` with what follows from the looks and, before that, with what the answers say."""
        for (number, _), verdicts in self._said().items():
            for verdict in verdicts:
                recognized = with_rules(recognized, self._rules(verdict), number)
                recognized = without(recognized, verdict.without, number)
        return with_rules(recognized, self._answers.rules)

    def _rules(self, verdict: Verdict) -> Rules:
        options = verdict.question.options if verdict.question else ()
        return options[0].rules if self._answers.yes and options else verdict.rules

    @property
    def questions(self) -> tuple[Question, ...]:
        """What is still open."""
        if self._answers.yes:
            return ()
        return tuple(verdict.question for verdict in self._every() if verdict.question)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided."""
        return tuple(dict.fromkeys(verdict.note for verdict in self._every() if verdict.note))

    def _every(self) -> list[Verdict]:
        return [verdict for verdicts in self._said().values() for verdict in verdicts]

    def _said(self) -> dict[tuple[int, str], list[Verdict]]:
        if self._verdicts is None:
            self._verdicts = {key: [look.verdict() for look in looks] for key, looks in self._looks.items()}
        return self._verdicts

    def _parts(self, every: pl.DataFrame, recognized: Recognized) -> Iterable[tuple[int, Part, pl.DataFrame]]:
        """Each part with its number and its rows of a prepared frame."""
        numbers = {id(part): number for number, part in enumerate(recognized.parts)}
        return [(numbers[id(part)], part, own) for part, own in parted(every, recognized)]
