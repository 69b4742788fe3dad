"""What a rule would have done, and how right it would have been."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alerts.incidents import Alert
from alerts.judging import State
from alerts.judging.holidays import Holidays
from alerts.rules import AlertRule
from alerts.trying.backtest import Backtest, Watches, backtest
from alerts.trying.input_series import InputSeries, Row
from metrics.engine import Changes, Engine, Query, Question, Window
from metrics.holidays import Holiday
from metrics.settings import Settings
from tests.alerts.made_up import CATALOG, MONDAY, row, rule
from tests.conftest import SIMULATED_END

MINUTE, SETTLE = timedelta(minutes=1), timedelta(seconds=10)
LATER = MONDAY + timedelta(days=400)
Happened = tuple[str, str, float, float | None]
"""Type, name, and minutes after Monday of begin and end."""


@dataclass(frozen=True)
class Past(InputSeries):
    """InputSeries, and what happened."""

    happened: Sequence[Happened] = ()

    def answer(self, question: Question[Any], /) -> Any:
        match question:
            case Query():
                return super().answer(question)
            case Changes(window=window):
                return self._changes(window)
            case _:
                raise NotImplementedError(type(question).__name__)

    def _changes(self, window: Window) -> pl.DataFrame:
        rows = [
            {"ts": at(start), "ended_at": None if end is None else at(end), "change_type": kind, "name": name}
            for kind, name, start, end in self.happened
        ]
        time = pl.Datetime("us", "UTC")
        frame = pl.DataFrame(rows, {"ts": time, "ended_at": time, "change_type": pl.String, "name": pl.String})
        return frame.filter(pl.col("ts") < window.end)


def at(minutes: float) -> datetime:
    return MONDAY + minutes * MINUTE


def tried(
    values: str,
    *happened: Happened,
    watched: AlertRule | None = None,
    watches: Watches | None = None,
    **others: Any,
) -> Backtest:
    rows: tuple[Row, ...] = (row(values),)
    watched = watched or rule({"operator": ">", "threshold": 5, "duration": "2m"})
    window = Window(start=MONDAY, end=at(len(rows[0].values)))
    return backtest(
        watched, Past(rows, CATALOG, happened), window, others.pop("now", LATER), SETTLE, watches=watches, **others
    )


def minute(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - SETTLE - MONDAY) / MINUTE


def test_every_spell_says_since_when_it_fired_how_long_and_how_bad() -> None:
    found = tried("1x4 6 9 6 8 1x4 6x3 7")
    assert [(minute(a.since), minute(a.fired_at), minute(a.ended_at), a.worst, a.state) for a in found.alerts] == [
        (5, 7, 9, 9, State.RESOLVED), (13, 15, None, 7, State.FIRING),
    ]  # fmt: skip
    assert found.firing == 2 * MINUTE + (1 * MINUTE - SETTLE)
    assert found.window == Window(start=MONDAY, end=at(16))
    assert found.episodes_per_week == pytest.approx(2 * 7 * 24 * 60 / 16)
    assert found.alerts[0].recent[-3:] == (6.0, 9.0, 6.0)


def test_an_alert_is_right_that_overlaps_an_incident_and_an_incident_found_that_any_overlaps() -> None:
    happened = ("incident", "database", 3, 12), ("incident", "network", 60, 70), ("deployment", "release", 28, 28)
    found = tried("1x4 6x4 1x22 6x4 1x46", *happened)
    assert len(found.alerts) == 2
    assert [minute(alert.fired_at) for alert in found.right] == [7]
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert found.delay == 4 * MINUTE + SETTLE
    assert [one.name for one in found.incidents] == ["database", "network"]


def test_an_incident_is_drawn_out_by_what_the_rule_needs_to_see_its_end() -> None:
    values = "1x10 6x5 1x5"
    assert len(tried(values, ("incident", "short", 9, 10)).right) == 1, "fired at 13, until 10 + 2 + 1 minutes"
    assert len(tried(values, ("incident", "short", 8, 9.5)).right) == 0


def test_an_alert_that_fired_before_the_incident_finds_it_at_once() -> None:
    assert tried("6x30", ("incident", "late", 20, 25)).delay == timedelta()


def test_an_incident_without_an_end_takes_that_of_the_event_that_closes_it() -> None:
    closed = tried("1x60 6x5", ("incident", "network", 5, None), ("incident", "network", 20, 20))
    assert [(one.start, one.end) for one in closed.incidents] == [(at(5), at(20))]
    assert closed.right == ()
    opened = tried("1x60 6x5", ("incident", "network", 5, None))
    assert len(opened.right) == 1


def test_what_could_not_be_judged_counts_neither_as_time_nor_as_missed() -> None:
    day = 24 * 60
    happened = ("incident", "night", day + 60, day + 90), ("incident", "missed", 30, 40), ("incident", "found", 1, 9)
    found = tried(f"6x5 1x{day - 5} _x{day} 1x{day}", *happened)
    assert found.judged == timedelta(days=2)
    assert [str(one) for one in found.unjudged_days] == ["2026-01-06"]
    assert found.episodes_per_week == pytest.approx(7 / 2)
    assert ([one.name for one in found.unseen], found.recall) == (["night"], 0.5)


def test_a_holiday_is_no_alert_and_the_backtest_says_that_it_was_one() -> None:
    watched = rule({"kind": "absent", "duration": "2h", "expected": 20}, metric="requests", window="1h")
    rows = (row("100x72 _x24 100x3", metric="requests", window="1h"),)
    holiday = Holiday(date=date(2026, 1, 8), name="Founders' day")
    known = Holidays.of([holiday, Holiday(date=date(2026, 12, 25))], "UTC")

    def of(watched: AlertRule, holidays: Holidays) -> tuple[int, tuple[Holiday, ...], list[str]]:
        window = Window(start=MONDAY + timedelta(days=3), end=MONDAY + timedelta(hours=99))
        found = backtest(watched, Past(rows, CATALOG), window, LATER, SETTLE, holidays=holidays)
        return len(found.alerts), found.holidays, [str(day) for day in found.unjudged_days]

    assert of(watched, known) == (0, (holiday,), ["2026-01-08"])
    assert of(watched, Holidays()) == (1, (), [])
    plain = rule({"kind": "absent", "duration": "2h"}, metric="requests", window="1h")
    assert of(plain, known) == (1, (), [])


def test_a_rule_is_held_only_against_what_it_is_there_to_see() -> None:
    happened = ("incident", "database", 3, 12), ("incident", "network", 60, 70)
    found = tried("1x4 6x4 1x80", *happened, watches=lambda one: one.name == "database")
    assert (found.precision, found.recall) == (1.0, 1.0)


def test_without_alerts_or_incidents_there_is_no_precision_and_no_recall() -> None:
    quiet = tried("1x9")
    assert (quiet.precision, quiet.recall, quiet.delay, quiet.told) == (None, None, None, 0)
    unknown = tried("6x9")
    assert (unknown.precision, unknown.recall, unknown.told) == (None, None, 1)


def test_alerts_that_belong_together_are_told_as_one() -> None:
    rows = [row("1x5 6x9 1x60 6x9", labels={"endpoint": name}) for name in ("/a", "/b", "/c")]
    watched = rule({"operator": ">", "threshold": 5}, by=["endpoint"])
    past = Past(tuple(rows), CATALOG)
    found = backtest(watched, past, Window(start=MONDAY, end=at(83)), LATER, SETTLE)
    assert (len(found.alerts), found.told) == (6, 2)

    def alone(alerts: Iterable[Alert], rules: object) -> int:
        del rules
        return len(list(alerts))

    apart = backtest(watched, past, Window(start=MONDAY, end=at(83)), LATER, SETTLE, grouping=alone)
    assert apart.told == 6


def test_a_rule_that_fires_all_the_time_is_tried_in_no_time() -> None:
    rows = tuple(row("9 1x9" + " 9 1x9" * 600, labels={"endpoint": str(number)}) for number in range(12))
    watched = rule({"operator": ">", "threshold": 5}, by=["endpoint"])

    def none(alerts: object, rules: object) -> int:
        raise AssertionError("so many alerts are not put together one by one")

    found = backtest(watched, Past(rows, CATALOG), Window(start=MONDAY, end=at(6_010)), LATER, SETTLE, grouping=none)
    assert (len(found.alerts), found.told) == (12 * 601, 601)


def test_suppression_saves_what_it_covers_whole() -> None:
    suppression = [{"if": "planned", "settle": "5m"}]
    watched = rule({"operator": ">", "threshold": 5}, suppression=suppression)
    covered = tried("1x10 6x3 1x10", ("maintenance", "planned", 5, 10), watched=watched)
    assert (len(covered.alerts), covered.suppressed, covered.told) == (1, 1, 0)
    outlasting = tried("1x10 6x30 1", ("maintenance", "planned", 5, 10), watched=watched)
    assert (len(outlasting.alerts), outlasting.suppressed, outlasting.told) == (1, 0, 1)
    weekly = rule({"operator": ">", "threshold": 5}, suppression=[{"during": "mon 00:00-00:30 UTC"}])
    assert tried("1x10 6x3 1x10", watched=weekly).suppressed == 1


def test_what_is_not_over_yet_is_not_tried() -> None:
    found = tried("6x30", now=at(10))
    assert found.window == Window(start=MONDAY, end=at(9))
    assert found.rows is not None and len(found.rows.instants) == 9
    nothing = tried("6x30", now=at(0))
    assert (nothing.alerts, nothing.rows) == ((), None)


def test_a_rule_may_be_tried_before_it_is_switched_on_and_with_those_it_looks_at() -> None:
    base = rule({"operator": ">", "threshold": 5}, id="base", enabled=True)
    watched = rule({"kind": "composite", "all": ["base"], "duration": "1m"}, metric="", enabled=False)
    found = tried("1 6x5 1", watched=watched, others=[base, rule({"kind": "absent"}, id="unrelated")])
    assert [minute(alert.fired_at) for alert in found.alerts] == [3]


def test_a_metric_that_is_not_there_says_so() -> None:
    watched = rule({"operator": ">", "threshold": 5}, metric="eror_rate")
    assert tried("6x9", watched=watched).problem.startswith("there is no metric 'eror_rate'")


def test_planted_incidents_are_found_in_a_real_lake(simulated_home: Path) -> None:
    engine = Engine(Settings(home=simulated_home))
    window = Window(start=SIMULATED_END - timedelta(days=3), end=SIMULATED_END)
    watched = rule({"operator": ">", "threshold": 5, "duration": "10m"}, by=["endpoint"], window="5m", min_events=5)
    found = backtest(watched, engine, window, SIMULATED_END, SETTLE, watches=lambda one: one.name == "error-burst-0")
    assert found.rows is not None
    assert found.rows.judged.values.shape == (len(found.rows.labels), len(found.rows.instants))
    assert found.rows.instants.shape == (3 * 288 - 1,), "the last bucket has not settled"
    assert (found.precision, found.recall) == (1.0, 1.0)
    assert found.delay is not None and timedelta(minutes=10) <= found.delay <= timedelta(minutes=30)
