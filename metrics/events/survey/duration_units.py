"""In which unit a duration is that no name says: by the start and end beside it, else by what can be, over the file.

A model does not answer in 0.4 to 9 ms, and its calls do not last 1,500 s: what is strong is taken and told, what is
not is asked. A name that says its unit is believed, unless start and end beside it say otherwise.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from metrics.events.mapping.sources import Source
from metrics.events.questions import Option, Question
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import by_name
from metrics.events.schema import FLOAT, Column
from metrics.events.survey.feeding import fed, rule_of, sampled
from metrics.events.survey.looking import Decided, Look, Verdict
from metrics.events.values.converting import converted
from metrics.events.values.durations import MILLISECONDS, UNIT_WORDS, unit_said
from metrics.events.values.numbers import number

_ENDS = (
    "end_time", "endtime", "end_timestamp", "ended_at", "end_at", "endedat", "end", "finished_at", "finish_time",
    "finishedat", "completed_at", "completedat", "completion_start_time_end", "response_created_at", "stop_time",
    "stopped_at", "end_ts", "ts_end", "end_date", "endtimeunixnano",
)  # fmt: skip
"""Columns with the moment at which what began at `ts` ended."""
_PER_BATCH = 20_000
"""Values of a batch that are looked at; spread evenly over it."""
_AGREEING = 0.9
_EXACT = 0.95
_UNITS = ("s", "ms", "us", "ns")


@dataclass(frozen=True)
class Bounds:
    """What durations of a sort of event can be."""

    shortest: float
    """Milliseconds; a median below that cannot be."""
    usual: float
    """Milliseconds; from this median on nothing is odd about milliseconds."""
    longest: float
    """Milliseconds; a median above that is rather one of a smaller unit."""


_TOO_LONG = 1e6
"""Milliseconds above which a median is not of milliseconds: a quarter of an hour."""
BOUNDS: Mapping[str, Bounds] = {
    "llm_call": Bounds(30, 100, 180_000),
    "request": Bounds(1, 30, 120_000),
    "health": Bounds(1, 30, 120_000),
    "pipeline_run": Bounds(1, 1000, _TOO_LONG),
}
_OTHERS = Bounds(1, 30, _TOO_LONG)
_LONGEST = 3600
"""Seconds above which a number is none of seconds."""
_NEVER = 1e7
"""Milliseconds above which no median can be one of milliseconds."""
_TWO_SORTS = 0.1
"""Share of the numbers from which on those that can only be seconds, beside others that cannot, are no chance."""


class DurationUnit:
    """The look at one of our durations."""

    def __init__(self, column: Column, part: Part, name: str, end: str | None) -> None:
        self._column, self._part, self._name, self._end = column, part, name, end
        self._said = unit_said(name)
        self._values: list[pl.Series] = []
        self._pairs: list[pl.DataFrame] = []

    @property
    def column(self) -> str:
        """Our column."""
        return self._column.name

    def see(self, rows: pl.DataFrame) -> None:
        """See more rows."""
        if self._name not in rows.columns:
            return
        own = rows.gather_every(max(1, rows.height // _PER_BATCH))
        value = _numbers(own[self._name], self._column, rule_of(self._part, self._column))
        self._values.append(value.drop_nulls())
        if self._end is not None and (span := self._spans(own)) is not None:
            pairs = pl.DataFrame({"value": value, "span": span})
            self._pairs.append(pairs.filter((pl.col("value") > 0) & (pl.col("span") > 0)))

    def _spans(self, rows: pl.DataFrame) -> pl.Series | None:
        """Milliseconds from `ts` to the end."""
        ts, kind = self._part.kind.by_name["ts"], self._part.kind.name
        rule = rule_of(self._part, ts)
        starts = [name for name in fed(rows, self._part)["ts"] if name in rows.columns]
        if not starts or self._end not in rows.columns:
            return None
        begun = pl.coalesce(converted(ts, name, rows.schema[name], kind, rule) for name in starts)
        ended = converted(ts, self._end, rows.schema[self._end], kind, _as_written(rule))
        return rows.select((ended - begun).dt.total_microseconds().cast(pl.Float64) / 1000).to_series()

    def verdict(self) -> Verdict:
        """The unit, or the question."""
        values = pl.concat(self._values) if self._values else pl.Series(dtype=FLOAT)
        values = values.filter(values > 0)
        if values.is_empty():
            return Verdict()
        measured = self._by_ends()
        if measured is not None:
            return self._measured(*measured)
        return self._credible(values, self._said) if self._said else self._plausible(values)

    def _credible(self, values: pl.Series, said: str) -> Verdict:
        """A name is believed, unless half of the calls could hardly last as long as it says, and others could."""
        other = None if self._column.name in self._part.columns else _rather(values, said, self._part)
        if other is None:
            return Verdict()
        middle = float(values.median() or 0)  # pyright: ignore[reportArgumentType]
        asks = (
            f"{self._name} says {UNIT_WORDS[said]} by its name, but half of it is about {middle:g}: "
            f"is it in {UNIT_WORDS[other]}?"
        )
        return Verdict(question=self._question(asks, (other, said)))

    def _by_ends(self) -> tuple[str, float] | None:
        """The unit that makes the values those from start to end, and for which share of the rows exactly."""
        if not self._pairs:
            return None
        pairs = pl.concat(self._pairs)
        # Ends of whole seconds say nothing of what is shorter.
        whole = bool((pairs["span"] % 1000 == 0).all())
        pairs = pairs.filter(pl.col("span") >= (3000 if whole else 5))
        if pairs.is_empty():
            return None
        ratio = pairs["span"] / pairs["value"]
        for unit in _UNITS:
            off = ratio / MILLISECONDS[unit]
            if off.is_between(0.5, 2).mean() >= _AGREEING:  # pyright: ignore[reportOperatorIssue, reportOptionalOperand]
                slack = 1000 / pairs["span"] if whole else 0.05 + 2 / pairs["span"]
                return unit, float(((off - 1).abs() <= slack).mean() or 0)  # pyright: ignore[reportArgumentType]
        return None

    def _measured(self, unit: str, exact: float) -> Verdict:
        if unit == (self._said or "ms"):
            return Verdict()
        says = f"{self._name} is in {UNIT_WORDS[unit]}: so it is what lies between its start and {self._end}"
        if self._said is None or exact >= _EXACT:
            against = f", although its name says {UNIT_WORDS[self._said]}" if self._said else ""
            return Verdict(self._rule(unit), f"{self._column.name}: {says}{against}")
        asks = (
            f"{self._name} says {UNIT_WORDS[self._said]} by its name, but what lies between its start and {self._end} "
            f"is about as many {UNIT_WORDS[unit]}: which is it?"
        )
        return Verdict(question=self._question(asks, (unit, self._said)))

    def _plausible(self, values: pl.Series) -> Verdict:
        bounds = BOUNDS.get(self._part.kind.name, _OTHERS)
        middle, largest = float(values.median() or 0), float(values.max() or 0)  # pyright: ignore[reportArgumentType]
        broken = float((values != values.round()).mean() or 0)  # pyright: ignore[reportArgumentType]
        low = float(values.quantile(0.02) or 0)
        about = f"{self._name} is {low:g} to {largest:g}, half of it below {middle:g}"
        if middle > bounds.longest:
            return self._too_long(middle, bounds, about)
        if middle >= bounds.usual or (largest > _LONGEST and middle >= bounds.shortest):
            return self._of_one_unit(values, bounds, about)
        asks = f"{about}, and nothing says in which unit: seconds or milliseconds?"
        if largest > _LONGEST:
            return Verdict(question=self._question(asks, ("ms", "s")))
        if broken >= 0.5 and middle < bounds.shortest:
            return self._decided("s", about, "in milliseconds that would be too short")
        return Verdict(question=self._question(asks, ("s", "ms") if middle < bounds.shortest else ("ms", "s")))

    def _of_one_unit(self, values: pl.Series, bounds: Bounds, about: str) -> Verdict:
        """Nothing, unless numbers of two sorts stand there: fractions that are too short, and usual ones."""
        short, usual = values.filter(values < bounds.shortest), int((values >= bounds.usual).sum())
        broken, least = int((short != short.round()).sum()), _TWO_SORTS * len(values)
        if len(short) + usual < len(values) or broken <= least or usual <= least:
            return Verdict()
        asks = f"{about}: some of it can only be seconds, some only milliseconds, and nothing says which is which"
        return Verdict(question=self._question(asks, ("ms",)))

    def _too_long(self, middle: float, bounds: Bounds, about: str) -> Verdict:
        """The smaller unit in which it would be usual; asked where there are two, or milliseconds can still be."""
        usual = [unit for unit in ("us", "ns") if bounds.usual <= middle * MILLISECONDS[unit] <= bounds.longest]
        units = tuple(usual or ["us"])
        if middle > _NEVER and len(units) == 1:
            return self._decided(units[0], about, "no call lasts that long otherwise")
        said = (*units, "ms") if middle <= _NEVER else units
        return Verdict(question=self._question(f"{about}: {' or '.join(UNIT_WORDS[unit] for unit in said)}?", said))

    def _decided(self, unit: str, about: str, why: str) -> Verdict:
        return Verdict(self._rule(unit), f"{self._column.name}: {about}: read as {UNIT_WORDS[unit]}, {why}")

    def _question(self, asks: str, units: Iterable[str]) -> Question:
        options = tuple(Option(UNIT_WORDS[unit], self._rule(unit)) for unit in units)
        return Question(self._part.kind.name, self._name, asks, options)

    def _rule(self, unit: str) -> Mapping[str, Mapping[str, str]]:
        return {self._column.name: {"unit": unit}}


def _as_written(rule: Source) -> Source:
    """How a column's times are written, without what else its rule says."""
    return Source(zone=rule.zone, format=rule.format, order=rule.order, unit=rule.unit)


def _numbers(values: pl.Series, column: Column, rule: Source) -> pl.Series:
    """The numbers of a duration's column; texts that say their own unit are left out."""
    if values.dtype == pl.String:
        bare = pl.when(~pl.col(values.name).str.contains(r"[A-Za-zµμ:]")).then(values.name)
        values = values.to_frame().select(bare).to_series()
    elif not values.dtype.is_numeric():
        return pl.Series(values.name, [None], FLOAT).new_from_index(0, len(values))
    read = number(pl.col(values.name), replace(column, dtype=FLOAT), values.dtype, Source(decimal=rule.decimal))
    return values.to_frame().select(read.cast(pl.Float64)).to_series()


def _rather(values: pl.Series, said: str, part: Part) -> str | None:
    """The unit in which durations would be usual, where in the one that is said they could hardly be."""
    bounds = BOUNDS.get(part.kind.name)
    if bounds is None or part.kind.name != "llm_call":
        return None
    middle = float(values.median() or 0)  # pyright: ignore[reportArgumentType]
    broken = float((values != values.round()).mean() or 0)  # pyright: ignore[reportArgumentType]
    if middle * MILLISECONDS[said] > _TOO_LONG:
        smaller = _UNITS[_UNITS.index(said) + 1 :] if said in _UNITS else ()
        return next((unit for unit in smaller if middle * MILLISECONDS[unit] <= bounds.longest), None)
    return "s" if said == "ms" and broken >= 0.5 and 0 < middle < bounds.shortest else None


def _is_odd(rows: pl.DataFrame, column: Column, part: Part, name: str, said: str) -> bool:
    """Whether the first of durations could hardly be in the unit that their name says."""
    is_ours = name == column.name and {"ts", "event_id"} <= set(rows.columns)
    if is_ours or column.name in part.columns or name not in rows.columns:
        return False
    values = _numbers(sampled(rows[name]), column, rule_of(part, column)).drop_nulls()
    values = values.filter(values > 0)
    return bool(len(values)) and _rather(values, said, part) is not None


def _lasting(rows: pl.DataFrame, part: Part, end: str) -> Iterable[Look]:
    if part.kind.name != "llm_call" or part.columns:
        return
    ts, kind = part.kind.by_name["ts"], part.kind.name
    starts = [name for name in fed(rows, part)["ts"] if name in rows.columns]
    if starts:
        begun = converted(ts, starts[0], rows.schema[starts[0]], kind, Source())
        ended = converted(ts, end, rows.schema[end], kind, Source())
        spans = rows.select((ended - begun).alias("span")).to_series().drop_nulls().dt.total_microseconds()
        if len(spans) and (spans >= 0).all() and (spans > 0).any():
            yield Decided("duration_ms", Verdict({"duration_ms": {"ends": [end]}}, f"duration_ms: from ts to {end}"))


def look_for_duration_units(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """A look for each duration that no rule gives a unit, and whose name says none or that has an end beside it."""
    columns = [column for column in part.kind.own_columns if column.unit == "ms" and not rule_of(part, column).unit]
    names = fed(rows, part) if columns else {}
    end = next(filter(None, map(by_name(rows.columns).get, _ENDS)), None)
    for column in columns:
        own = names[column.name][:1]
        if not own and end is not None and column.name == "duration_ms" and "duration_ms" not in part.columns:
            yield from _lasting(rows, part, end)
        if not own or isinstance(rows.schema.get(own[0]), pl.Duration | pl.Time):
            continue
        is_whole = column.name == "duration_ms"
        said = unit_said(own[0])
        if said is None or (end is not None and is_whole) or (is_whole and _is_odd(rows, column, part, own[0], said)):
            yield DurationUnit(column, part, own[0], end if is_whole else None)
