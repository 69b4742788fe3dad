"""Whether the moment of an event stands in two columns: its day in one, its time of day in the other."""

from collections.abc import Iterable

import polars as pl

from metrics.events.proposing.naming import words_of
from metrics.events.recognition.recognition import Part
from metrics.events.rows.containers import FLAT
from metrics.events.survey.day_order import DayOrder
from metrics.events.survey.feeding import fed, rule_of, sampled
from metrics.events.survey.looking import Decided, Look, Verdict
from metrics.events.values.clocks import are_clocks, are_days
from metrics.events.values.durations import every_name

_DAYS = frozenset(("date", "day", "datum", "fecha", "jour", "tag"))
"""Words of which the name of a day has one: that of a due date or a birthday has others besides."""
_BESIDE = frozenset(("event", "log", "request", "call", "start", "local", "utc", "created", "of"))


def look_for_split_times(rows: pl.DataFrame, part: Part) -> Iterable[Look]:
    """Looks where what feeds `ts` says only a time of day, and one column beside it the day."""
    ts = part.kind.by_name["ts"]
    rule = rule_of(part, ts)
    if rule.join or rule.format or rule.start or rule.names not in ((), every_name(ts)):
        return
    clocks = [name for name in fed(rows, part)["ts"] if name in rows.columns]
    if len(clocks) != 1 or not are_clocks(sampled(rows[clocks[0]])):
        return
    days = [name for name in rows.columns if _is_named_day(name) and are_days(sampled(rows[name]))]
    if len(days) == 1:
        day, clock = days[0].removeprefix(FLAT), clocks[0].removeprefix(FLAT)
        both = {"from": [], "join": [day, clock]}
        yield Decided("ts", Verdict({"ts": both}, f"ts is read from `{day}` and `{clock}` together"))
        if rule.order is None and rows.schema[days[0]] == pl.String:
            yield DayOrder("ts", part, days, ())


def _is_named_day(name: str) -> bool:
    words = words_of(name.removeprefix(FLAT))
    return bool(words & _DAYS) and words <= _DAYS | _BESIDE
