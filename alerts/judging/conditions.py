"""What a condition says of every evaluation: one row of a table a kind, each judging whole series at once.

The kinds that need a few lines are here. Those that learn are `unusual.py` and `forecast.py` beside it;
`composite` looks at rules and not at figures and is `composite.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np

from alerts.judging.absence import judged_by_absence, needs_of_absence
from alerts.judging.budget import judged_by_budget, needs_of_budget
from alerts.judging.evidence import Ask, Evidence, Needs, newest_of
from alerts.judging.forecast import judged_by_forecast, needs_of_forecast
from alerts.judging.growing import grown_where_few, reach_of
from alerts.judging.holidays import NO_HOLIDAYS, Holidays
from alerts.judging.instance import Verdict
from alerts.judging.series import Floats, Question
from alerts.judging.unusual import judged_by_usual, needs_of_usual
from alerts.judging.verdicts import OPERATORS, Judged, Verdicts, nine_digits, unknown, verdicts
from alerts.rules import AlertRule, Burn, BurnRate, Change, Static
from metrics.engine import Window
from metrics.events.entries import nearest
from metrics.insights.forecasting.line import trailing

BURNS = (
    Burn(rate=14.4, long=timedelta(hours=1), short=timedelta(minutes=5)),
    Burn(rate=6, long=timedelta(hours=6), short=timedelta(minutes=30)),
)
"""What a burn-rate rule looks at that names no burns: 2 % of a month's budget in an hour, or 5 % in six."""


def ask_of(rule: AlertRule, window: Window, known: Sequence[Any] = (), holidays: Holidays = NO_HOLIDAYS) -> Ask:
    """What a rule that is not composite has to ask about the buckets of a window."""
    question = Question(rule.by, rule.filters, rule.window)
    needs = KINDS[rule.condition.kind].needs(rule.condition, rule.window)
    above = None
    if isinstance(rule.condition, Static) and isinstance(rule.condition.threshold, float) and rule.min_events:
        reach = reach_of(rule.max_window, rule.stale, rule.condition.recover_for, rule.window)
        needs = replace(needs, reach=max(needs.reach, reach))
        above = rule.condition.threshold if rule.condition.operator in (">", ">=") else None
    return Ask(
        question, rule.metric, window, needs, rule.min_events, tuple(known), rule.max_window, rule.min_bad_events,
        rule.stale, rule.over or timedelta(), above, holidays,
    )  # fmt: skip


def judge(rule: AlertRule, evidence: Evidence) -> Judged:
    """What the rule's condition says of every evaluation: a row an instance of the evidence, a column a bucket."""
    problem = evidence.series.problem
    if problem:
        return unknown(evidence.judged().values, problem)
    with np.errstate(invalid="ignore", divide="ignore"):
        judged = KINDS[rule.condition.kind].judge(rule.condition, evidence)
        if newest := evidence.of_newest():
            judged = _ended_by_newest(judged, KINDS[rule.condition.kind].judge(rule.condition, newest), evidence.asked)
        return replace(judged, verdicts=_with_reasons(judged.verdicts, evidence))


def _ended_by_newest(judged: Judged, newest: Judged, asked: Ask) -> Judged:
    """What breaches in all that is added up fades where the newest of it says otherwise, since it began."""
    found, goes_on = judged.verdicts, newest.verdicts == Verdict.BREACH
    found = np.where((found == Verdict.BREACH) & ~goes_on, Verdict.FADING, found).astype(np.int8)
    return replace(judged, verdicts=found, ago=np.where(goes_on, 0, newest_of(asked.over // asked.question.width)))


def _with_reasons(found: Verdicts, evidence: Evidence) -> Verdicts:
    """The verdicts; where there is none, with whether there are events, or some of other instances."""
    without = found == Verdict.NO_DATA
    if not without.any():
        return found
    series = evidence.series.part(evidence.first, len(evidence.series.starts))
    seen = series.seen
    few = without & (series.events > 0) & (series.events < evidence.asked.min_events)
    few &= series.judged_by_events | series.summed
    gone = without & ~seen & (seen.any(axis=0))
    return np.select([few, gone], [Verdict.TOO_FEW, Verdict.GONE], found).astype(np.int8)


def judged_by_threshold(condition: Static, evidence: Evidence) -> Judged:
    """The value against a fixed one. A name stands for the level of that name."""
    series = evidence.judged()
    values, known = series.values, ~np.isnan(series.values)
    if isinstance(condition.threshold, str):
        return _judged_by_level(condition, condition.threshold, values, series.levels)
    compare = OPERATORS[condition.operator]
    breach = compare(values, condition.threshold)
    recovered = None if condition.recover is None else ~compare(values, condition.recover)
    fixed = Judged(verdicts(known, breach, recovered), values)
    return grown_where_few(condition, evidence, fixed) if evidence.grows else fixed


def _judged_by_level(condition: Static, name: str, values: Floats, levels: tuple[str, ...]) -> Judged:
    if not levels:
        return unknown(values, f"its values have no names, so that none is {name!r}")
    if condition.operator == "contains":
        chosen = [level for level, known in enumerate(levels) if name in known]
    elif name in levels:
        chosen = [levels.index(name)]
    else:
        return unknown(values, f"{name!r} is no level{nearest(name, levels)}; known are {', '.join(levels)}")
    breach = np.isin(values, chosen)
    return Judged(verdicts(~np.isnan(values), ~breach if condition.operator == "!=" else breach), values)


def judged_by_change(condition: Change, evidence: Evidence) -> Judged:
    """Percent by which the value differs from the one so much earlier; against zero or nothing there is no percent.

    There is none either between two counts or sums that both stand for few events, or for none: an alert ends there.
    What is below `at_least` has not risen; from there on, what was zero has risen beyond any percentage.

    A condition with `otherwise` knows the days since, at the same time, too. What was little then, because something
    was out, is no reason to call the usual much: their median counts where it is more. Where nothing is known of so
    much earlier, the most of them counts; and where nothing is known of these, the value itself is held against
    `otherwise`.
    """
    series, earlier = evidence.judged(), evidence.at(condition.against)
    now, then = series.values, earlier.values
    compare = OPERATORS[condition.operator]
    few = series.summed & (np.fmax(series.events, earlier.events) < evidence.asked.min_events)
    is_new = ~evidence.has_any(condition.against)
    if condition.otherwise is not None and series.summed:
        then = np.where(is_new, then, np.nan_to_num(then))
    if days := _days_since(condition):
        # Nothing at that time of a day that has anything at all is zero.
        since = np.stack([np.where(evidence.has_any(day), np.nan_to_num(evidence.at(day).values), np.nan)
                          for day in days])  # fmt: skip
        most, median = np.fmax.reduce(since, axis=0), _median(since)
        then = np.where(is_new, most, np.fmax(then, median))
    percent = np.where(few | (then == 0), np.nan, 100 * (now - then) / np.abs(then))
    known, breach = ~np.isnan(percent), compare(percent, condition.threshold)
    if condition.at_least is not None:
        from_nothing = ~few & (then == 0) & (now > 0)
        known |= from_nothing
        breach = (breach | (from_nothing & (">" in condition.operator))) & (now >= condition.at_least)
    if condition.otherwise is not None:
        new = np.isnan(then) & ~np.isnan(now) & is_new
        known |= new
        breach = np.where(new, compare(now, condition.otherwise), breach)
    nothing = series.summed & ~known & ~np.isnan(now) & (few | ((now == 0) & (then == 0)))
    return Judged(np.where(nothing, Verdict.CALM, verdicts(known, breach)).astype(np.int8), percent)


def _median(samples: Floats) -> Floats:
    """Along the first axis, NaN left out; NaN where there is nothing else."""
    count, ordered = np.count_nonzero(~np.isnan(samples), axis=0), np.sort(samples, axis=0)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(samples) - 1)
    picked = [np.take_along_axis(ordered, place[np.newaxis], axis=0)[0] for place in (low, high)]
    return np.where(count > 0, (picked[0] + picked[1]) / 2, np.nan)


def judged_by_burn(condition: BurnRate, evidence: Evidence) -> Judged:
    """How many times too fast the budget is spent, over a long and a short window at once; any pair of them counts.

    What is reported is the rate of the pair that is farthest on. A long window over too few events is no data, and
    so is a short one without any: nothing says that it goes on.
    """
    series, first, width = evidence.series, evidence.first, evidence.asked.question.width
    counted = ~np.isnan(series.values)
    # Where nobody counts events, every bucket weighs the same.
    weights = np.where(counted, np.where(np.isnan(series.events), 1.0, series.events), 0.0)
    bad = np.where(counted, series.values, 0.0) * weights
    budget = 100 - condition.objective

    def rate(length: timedelta, fewest: int) -> Floats:
        events = trailing(weights, length // width, first)
        return np.where(events >= fewest, trailing(bad, length // width, first) / events / budget, np.nan)

    value = progress = np.full((len(series.labels), len(series.starts) - first), np.nan)
    for burn in condition.burns or BURNS:
        fewest = evidence.asked.min_events if series.judged_by_events else 0
        both = nine_digits(np.minimum(rate(burn.long, fewest), rate(burn.short, 0)))
        farther = ~np.isnan(both) & ~(both / burn.rate <= progress)
        value, progress = np.where(farther, both, value), np.where(farther, both / burn.rate, progress)
    return Judged(verdicts(~np.isnan(value), progress > 1), value)


@dataclass(frozen=True)
class Kind:
    """How a kind of condition is judged, and what it needs besides the judged buckets, by condition and window."""

    judge: Callable[[Any, Evidence], Judged]
    needs: Callable[[Any, timedelta], Needs] = lambda condition, width: Needs()


def _needs_of_burn(condition: BurnRate, width: timedelta) -> Needs:
    longest = max(max(burn.long, burn.short) for burn in condition.burns or BURNS)
    return Needs(reach=max(longest - width, timedelta()))


def _needs_of_change(condition: Change, width: timedelta) -> Needs:
    day = timedelta(days=1)
    since = _days_since(condition)
    return Needs(offsets=(condition.against, *since), block=max(width, day) if since else timedelta())


def _days_since(condition: Change) -> tuple[timedelta, ...]:
    """Days that stand in where what the condition compares with lies before everything that is known."""
    days = condition.against // timedelta(days=1)
    return tuple(timedelta(days=one) for one in range(1, days)) if condition.otherwise is not None else ()


KINDS: Mapping[str, Kind] = {
    "static": Kind(judged_by_threshold),
    "absent": Kind(judged_by_absence, needs_of_absence),
    "change": Kind(judged_by_change, _needs_of_change),
    "burn_rate": Kind(judged_by_burn, _needs_of_burn),
    "dynamic": Kind(judged_by_usual, needs_of_usual),
    "anomaly": Kind(judged_by_usual, needs_of_usual),
    "forecast": Kind(judged_by_forecast, needs_of_forecast),
    "budget": Kind(judged_by_budget, needs_of_budget),
}
"""Every kind of condition but composite."""
