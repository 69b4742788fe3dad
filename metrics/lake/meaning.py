"""What the columns of one file mean, and whether that is sure enough to store it without asking."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import polars as pl

from metrics.events import KINDS
from metrics.events.conversion import NO_PART, Occurrences
from metrics.events.cost_units import COST, Unit, free_of_charge, times_list_price, unit_by_list_prices
from metrics.events.mapping.mappings import Mappings
from metrics.events.mapping.unseen import unseen
from metrics.events.pricing import PriceBook
from metrics.events.questions import Answers, Option, Question
from metrics.events.recognition.recognition import Part, Recognized, recognize
from metrics.events.recognition.token_words import with_details_by_words
from metrics.events.survey.feeding import rule_of
from metrics.events.survey.survey import Survey, looks_at
from metrics.events.values.converting import every_name
from metrics.events.values.outcome import CALL
from metrics.lake.formats import Opened

MOST_LOST_BY_A_GUESS = 0.05
"""Share of the rows that may be rejected where names that merely resemble ours decided what they are."""
MOST_LOST = 0.5
"""The same, where an adapter recognized its own marks."""
MOST_LEFT_OUT = 0.05
"""Share of the rows that may be of no part where no mapping says that they are meant to be left out."""
MOST_BARE = 0.05
"""Share of the events that may have no value in any key column where no mapping says that they are events."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "llm_call": ("model", "input_tokens", "output_tokens"),
    "request": ("endpoint", "status_code"),
    "interaction": ("page", "action"),
}
"""Columns without any value of which events of a kind say little: then an export may have other names for them."""
PLAUSIBLE: Mapping[str, tuple[str, float, float]] = {
    "llm_call": ("duration_ms", 30, 1e6),
    "request": ("duration_ms", 0.05, 60_000),
    "health": ("response_time_ms", 0.05, 120_000),
}
"""By kind, a duration, and between which milliseconds its median lies if it is in the unit that was thought."""
FREE = 3
"""Calls without a cost from which on it is no chance that none of a file cost anything."""
_SIDES: Mapping[str, tuple[str, ...]] = {"input_tokens": ("input", "prompt"), "output_tokens": ("output", "completion")}
"""By column of tokens, words for its side."""
_SAMPLED = 2000
"""Durations of a batch that are kept."""
_TOLD_REASONS = 3
_KEPT = 100
"""Rows that are kept to say what a file has."""


@dataclass
class Tally:
    """What becomes of the rows, so far."""

    good: Counter[str] = field(default_factory=Counter[str])
    """By kind."""
    bad: Counter[str] = field(default_factory=Counter[str])
    reasons: Counter[str] = field(default_factory=Counter[str])
    left_out: int = 0
    """Rows of no part."""
    filled: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Events with a value, by kind and key column."""
    expecting: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Events that should have one: calls that failed need no tokens, and embeddings write none."""
    bare: Counter[str] = field(default_factory=Counter[str])
    """Events without a value in any key column, though they should have one, by kind."""
    lasted: dict[str, list[pl.Series]] = field(default_factory=dict[str, list[pl.Series]])
    """Some of the durations of what succeeded, by kind."""
    paid: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    """Some of the costs that calls were said to have, and how many times their list price that is."""
    free: int = 0
    """Some of the calls that were said to cost nothing although their tokens have a list price."""
    charged: bool = False
    """Whether any call was said to cost something."""
    prices: PriceBook = field(default_factory=PriceBook)

    def add(self, kind: str, good: pl.DataFrame, reasons: pl.Series) -> None:
        """Count rows of a kind."""
        if kind == NO_PART:
            self.left_out += len(reasons)
            return
        self.good[kind] += good.height
        self.bad[kind] += len(reasons)
        self.reasons.update(reasons.to_list())
        if good.is_empty():
            return
        if kind == CALL:
            reported = good.filter(pl.col("cost_source") == "reported")
            if reported.height:
                some = reported.gather_every(max(1, reported.height // _SAMPLED))
                self.paid.append(times_list_price(some, self.prices))
                self.charged |= bool((reported[COST] > 0).any())
                self.free += 0 if self.charged else free_of_charge(some, self.prices)
            good = good.filter((pl.col("status") == "ok").fill_null(True) & ~pl.col("cache_hit").fill_null(False))
        for name in KEYS.get(kind, ()):
            own = good
            if name == "output_tokens":
                own = good.filter(~pl.col("operation").str.to_lowercase().str.contains("embed").fill_null(False))
            self.filled[kind, name] += own.height - own[name].null_count()
            self.expecting[kind, name] += own.height
        if kind in KEYS:
            self.bare[kind] += int(good.select(pl.all_horizontal(pl.col(*KEYS[kind]).is_null()).sum()).item())
        if kind in PLAUSIBLE:
            values = good[PLAUSIBLE[kind][0]].drop_nulls()
            self.lasted.setdefault(kind, []).append(values.gather_every(max(1, len(values) // _SAMPLED)))

    @property
    def lost(self) -> float:
        """Share of the rows that would be rejected; those that are meant to be left out are no loss."""
        return self.bad.total() / max(1, self.good.total() + self.bad.total())

    @property
    def unsaid(self) -> tuple[str, ...]:
        """Key columns that have no value in any event, with their kind: `llm_call.model`."""
        return tuple(
            f"{kind}.{name}"
            for kind, names in KEYS.items()
            for name in names
            if self.expecting[kind, name] and not self.filled[kind, name]
        )

    @property
    def implausible(self) -> str:
        """Which durations can hardly be in the unit they were read in; empty where all can."""
        for kind, series in self.lasted.items():
            column, least, most = PLAUSIBLE[kind]
            values = pl.concat(series)
            middle = values.filter(values > 0).median()
            if isinstance(middle, float) and not least <= middle <= most:
                return f"half of its {kind}.{column} are {'below' if middle < least else 'above'} {middle:,.6g} ms"
        return ""

    @property
    def part_of_a_dollar(self) -> Unit | None:
        """What costs that were taken for dollars are in by the prices of the same tokens; None where they may be."""
        return unit_by_list_prices(pl.concat(self.paid)) if self.paid else None

    def __str__(self) -> str:
        """What would be stored and what would be lost."""
        stored = ", ".join(f"{count:,} {kind}" for kind, count in self.good.items() if count) or "nothing"
        lost = "; ".join(
            f"{count:,} row{'s' * (count != 1)}: {said}" for said, count in self.reasons.most_common(_TOLD_REASONS)
        )
        left = f", leave out {self.left_out:,}" if self.left_out else ""
        return f"would store {stored}{left}" + (f" and reject {self.bad.total():,} rows ({lost})" if lost else "")


class Meaning:
    """What a file is recognized as, settled by a look at all of it where its first rows leave something open."""

    def __init__(self, opened: Opened, hint: PurePath, mappings: Mappings, answers: Answers) -> None:
        self._opened, self._hint, self._mappings, self._answers = opened, hint, mappings, answers
        self._recognized: Recognized | None = None
        self._claimed: Recognized | None = None
        self._doubtful: Recognized | None = None
        self._columns: pl.Schema | None = None
        self._survey: Survey | None = None
        self._first: pl.DataFrame | None = None

    def of(self, rows: pl.DataFrame) -> Recognized:
        """What these rows are. Batches of one file may have different columns. Raises `Unrecognized`."""
        if self._first is None:
            self._first = rows.head(_KEPT)
        if self._recognized is None or self._columns != rows.schema:
            plain = self._plain(rows)
            self._survey = self._survey or self._surveyed(rows, plain)
            self._columns, self._recognized = rows.schema, self._survey.settled(plain)
            if self._is_open(plain):
                self._doubtful = self._doubtful or plain
        return self._recognized

    @property
    def questions(self) -> tuple[Question, ...]:
        """What the whole file leaves open."""
        return self._survey.questions if self._survey else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided."""
        return self._survey.notes if self._survey else ()

    @property
    def is_doubtful(self) -> bool:
        """Whether it is not sure enough to store anything."""
        return self._doubtful is not None

    def missing(self, seen: Occurrences) -> str:
        """What a mapping of the home names and the file, read to its end, has not; empty where it has all."""
        if self._recognized is None or self._first is None:
            return ""
        return unseen(self._recognized, seen, self._first)

    def doubts(self, tally: Tally) -> tuple[Question, ...]:
        """What has to be asked once it is known what would become of the rows."""
        recognized = self._doubtful or self._recognized
        if recognized is None:
            return ()
        kind = next(iter(tally.good or tally.bad), recognized.parts[0].kind.name)
        if self._doubtful is not None and recognized.needs_mapping:
            return (Question(kind, "", f"{self._hint.name}: {recognized.doubt}."),)
        doubt = recognized.doubt if self._doubtful is not None else self._of(tally, recognized)
        if not doubt and self._may_err_in_costs(recognized):
            return self._costs(tally)
        if not doubt or (self._answers.yes and self._doubtful is None):
            return ()
        asks = f"recognized by {recognized.how} as {kind}, but {doubt}: this {tally}. Is that right?"
        options = recognized.options if self._doubtful is not None else ()
        return (Question(kind, recognized.about, asks, options or (Option(f"read it so, as {kind}"),)),)

    def _costs(self, tally: Tally) -> tuple[Question, ...]:
        """Whether costs of 0 were measured, and whether costs a hundred times those by list prices are in cents."""
        if tally.free >= FREE and not tally.charged:
            asks = "no call of the file cost anything, and the same tokens have a list price: was it not measured?"
            unmeasured, free = {COST: {"zero_is_null": True}}, {COST: {"factor": 1}}
            options = (Option("not measured: price them by their tokens", unmeasured), Option("they were free", free))
            return (Question(CALL, COST, asks, options),)
        unit = tally.part_of_a_dollar
        if unit is None:
            return ()
        asks = (
            f"what calls cost is about {1 / unit.in_dollars:,.0f} times what the same tokens cost by list prices: "
            f"is it in dollars, or in {unit.says}?"
        )
        options = (Option("dollars", {COST: {"factor": 1}}), Option(unit.says, {COST: {"factor": unit.in_dollars}}))
        return (Question(CALL, COST, asks, options),)

    def _may_err_in_costs(self, recognized: Recognized) -> bool:
        """Whether nobody has said in what they are: no answer, no mapping of the home's, no factor."""
        if self._answers.yes or self._answers.map_name is not None or COST in self._answers.rules:
            return False
        is_own = bool(recognized.mapping) and not recognized.is_adapted
        parts = (part for part in recognized.parts if part.kind.name == CALL)
        return not is_own and all(rule_of(part, part.kind.by_name[COST]).factor is None for part in parts)

    def _of(self, tally: Tally, recognized: Recognized) -> str:
        """What speaks against it, now that all rows were seen."""
        if self._answers.map_name is not None:
            return ""
        most = MOST_LOST_BY_A_GUESS if recognized.is_guess else MOST_LOST if recognized.is_adapted else 1.0
        if tally.lost > most:
            return f"{tally.lost:.0%} of its rows would be rejected"
        every = tally.left_out + tally.good.total() + tally.bad.total()
        if recognized.is_guess and tally.left_out > MOST_LEFT_OUT * every:
            return f"{tally.left_out:,} of its rows would be left out, since {recognized.rest}"
        if not recognized.mapping and not recognized.consumed and (bare := _bare(tally, every)):
            return bare
        unsaid = [name for name in tally.unsaid if name not in _never_said(recognized)]
        other = [] if recognized.mapping or self._first is None else _other_tokens(unsaid, self._first.columns)
        if unsaid and (recognized.is_guess or recognized.is_adapted or other):
            return f"no row has a value for {' and '.join(unsaid)}, as if its columns had other names"
        if recognized.is_adapted and tally.implausible:
            return (
                f"{tally.implausible}, as if they were in another unit than those of {recognized.mapping} usually are"
            )
        return ""

    def _is_open(self, recognized: Recognized) -> bool:
        """Whether something speaks against it that no answer settles."""
        if not recognized.doubt:
            return False
        if recognized.needs_mapping:
            return True
        return not (self._answers.yes or recognized.about in self._answers.rules)

    def _plain(self, rows: pl.DataFrame) -> Recognized:
        """A file that a mapping claims by its first rows is that mapping's to its end."""
        if self._claimed is not None:
            return with_details_by_words(self._claimed, rows)
        recognized = recognize(rows.schema, self._hint, self._mappings, self._answers.map_name, rows)
        self._claimed = recognized if recognized.mapping else None
        return with_details_by_words(recognized, rows)

    def _surveyed(self, rows: pl.DataFrame, recognized: Recognized) -> Survey:
        survey = Survey(self._answers, looks_at(self._opened.separator))
        if survey.opens(rows, recognized):
            # A file that is one batch needs no second reading.
            whole = [rows] if self._opened.rows == rows.height else (batch.rows for batch in self._opened.read())
            for more in whole:
                if more.height:
                    survey.see(more, self._plain(more))
        return survey


class Settled:
    """The meaning of rows in our own columns that say under `event` of which kind they are: nothing is open."""

    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()
    is_doubtful = False

    def of(self, rows: pl.DataFrame) -> Recognized:
        """Each row is of the kind that it names."""
        del rows
        parts = tuple(Part(kind, {}, {"event": (kind.name,)}) for kind in KINDS.values())
        return Recognized(parts, "its `event`", "its `event` names no event kind", ("event",))

    def missing(self, seen: Occurrences) -> str:
        """Nothing is."""
        del seen
        return ""

    def doubts(self, tally: Tally) -> tuple[Question, ...]:
        """There are none."""
        del tally
        return ()


def _other_tokens(unsaid: Sequence[str], names: Sequence[str]) -> list[str]:
    """Columns that speak of tokens of the side of which no row says any, as `text_input_tokens` does of the input."""
    kind = KINDS[CALL]
    known = {name.lower() for column in kind.own_columns if column.unit == "tokens" for name in every_name(column)}
    sides = [words for name, words in _SIDES.items() if f"{CALL}.{name}" in unsaid]
    others = [name for name in names if "token" in name.lower() and name.lower() not in known]
    return [name for name in others if any(word in name.lower() for words in sides for word in words)]


def _bare(tally: Tally, every: int) -> str:
    """That many events say nothing of what makes them one; empty where few do, or all, as an export without names."""
    for kind, count in tally.bare.items():
        if MOST_BARE * every < count < tally.good[kind]:
            return f"{count:,} of its rows have no value for {', '.join(KEYS[kind])}, as if they were something else"
    return ""


def _never_said(recognized: Recognized) -> frozenset[str]:
    """Columns that a mapping says to come from nowhere (`from: []`) in every part of a kind, with that kind.

    Where one part has a source for a column (answers do, errors do not), the file should have values for it.
    """
    nowhere: Counter[str] = Counter()
    parts = Counter(part.kind.name for part in recognized.parts)
    for part in recognized.parts:
        nowhere.update(
            f"{part.kind.name}.{name}"
            for name, rule in part.columns.items()
            if rule.model_fields_set == {"names"} and not rule.names
        )
    return frozenset(name for name, count in nowhere.items() if count == parts[name.partition(".")[0]])
