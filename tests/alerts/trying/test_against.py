"""A threshold beside a band: as which rule, over which incidents, and when one is said to do better."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.incidents import Alert, Incident
from alerts.incidents.batch import Planned
from alerts.judging import Key, State
from alerts.rules import AlertRule, Priority
from alerts.trying.against import Known, as_dynamic, compared
from alerts.trying.backtest import INCIDENT, Backtest
from metrics.engine import Window
from tests.alerts.made_up import MONDAY, rule

HOUR = timedelta(hours=1)
STATIC = rule({"operator": ">", "threshold": 5, "duration": "10m", "recover": 4, "recover_for": "5m"}, window="5m")
SETTLE = timedelta(seconds=10)


@pytest.mark.parametrize(("operator", "side"), [(">", "up"), (">=", "up"), ("<", "down"), ("<=", "down")])
def test_a_threshold_becomes_a_band_on_its_side_and_the_rest_of_the_rule_stays(operator: str, side: str) -> None:
    static = rule({"operator": operator, "threshold": 5, "duration": "10m"}, window="5m", priority="P1")
    given = as_dynamic(static).model_dump(mode="json", exclude_defaults=True)
    before = static.model_dump(mode="json", exclude_defaults=True)
    condition = given.pop("condition")
    assert {**given, "condition": before["condition"]} == before
    assert condition == {"kind": "dynamic", "direction": side, "duration": before["condition"]["duration"]}


def test_what_a_band_cannot_judge_is_left_behind() -> None:
    summed = rule({"operator": ">", "threshold": 5}, metric="requests", window="5m", over="1h")
    assert as_dynamic(summed).over is None


@pytest.mark.parametrize(
    ("condition", "more", "why"),
    [
        ({"kind": "absent", "duration": "5m"}, {}, "only a threshold"),
        ({"operator": "==", "threshold": 1}, {}, "only a threshold"),
        ({"kind": "dynamic"}, {}, "only a threshold"),
        ({"operator": ">", "threshold": 5}, {"window": "7d"}, "longer than a day"),
    ],
)
def test_what_has_no_threshold_for_a_band_says_why(condition: dict[str, Any], more: dict[str, Any], why: str) -> None:
    if more and more["window"] == "7d":
        static = STATIC.model_copy(update={"window": timedelta(days=7)})
    else:
        static = rule(condition)
    with pytest.raises(ValueError, match=why):
        as_dynamic(static)


def spans(*hours: float) -> tuple[Planned, ...]:
    return tuple(Planned(f"at {n:g}", INCIDENT, MONDAY + n * HOUR, MONDAY + (n + 1) * HOUR) for n in hours)


def tried(watched: AlertRule, *hours: float, recorded: tuple[Planned, ...] = (), days: float = 14) -> Backtest:
    """What fired for half an hour at these hours."""
    key = Key(watched.id)
    alerts = tuple(
        Alert(key, "", Priority.P1, State.RESOLVED, begun, begun, begun + HOUR / 2)
        for begun in (MONDAY + n * HOUR for n in hours)
    )
    window = Window(start=MONDAY, end=MONDAY + timedelta(days=14))
    return Backtest(watched, window, alerts, None, recorded, (), {}, 0, len(alerts), judged=timedelta(days=days))


def incident(hour: float, **more: Any) -> Incident:
    key = Key(more.pop("rule", STATIC.id))
    begun = MONDAY + hour * HOUR
    return Incident("i", key, "an incident", Priority.P1, begun, resolved_at=begun + HOUR, **more)


def test_what_people_said_of_the_rules_own_alerts_is_known() -> None:
    taken = MONDAY
    known = Known.of(
        [
            incident(1, acknowledged_at=taken), incident(2, acknowledged_at=taken, resolution="false alert, recovered"),
            incident(3), incident(4, resolution="false alert, recovered"), incident(5, acknowledged_at=taken, rule="b"),
        ],
        STATIC,
    )  # fmt: skip
    assert ([one.start for one in known.real], [one.start for one in known.false]) == (
        [MONDAY + HOUR], [MONDAY + 2 * HOUR, MONDAY + 4 * HOUR],
    )  # fmt: skip


def test_both_are_held_against_what_was_recorded_acknowledged_and_called_false() -> None:
    known = Known(real=spans(10.5, 50), false=spans(70, 80))
    static = tried(STATIC, 10.2, 70.2, 90, recorded=spans(10))
    dynamic = tried(as_dynamic(STATIC), 10.2, 50.2, recorded=spans(10))
    found = compared(static, dynamic, known, SETTLE)
    assert (found.real, found.false) == (2, 2)  # that acknowledged was the one recorded
    assert (found.static.alerts, found.static.found, found.static.beside, found.static.false) == (3, 1, 2, 1)
    assert (found.dynamic.alerts, found.dynamic.found, found.dynamic.beside, found.dynamic.false) == (2, 2, 0, 0)
    assert (found.static.firing, found.static.per_week) == (1.5 * HOUR, 1.5)


REAL = spans(10, 50, 90, 130)
NOISE = (200.0, 210.0, 220.0, 230.0)


@pytest.mark.parametrize(
    ("static", "dynamic", "days", "said"),
    [
        ((10, 50), (10, 50, 90, 130), 14, "As a dynamic rule it would have found 4 of 4 incidents instead of 2, "
         "with 0 alerts beside them instead of 0."),
        ((10, *NOISE), (10,), 14, "As a dynamic rule it would have found 1 of 4 incidents instead of 1, "
         "with 0 alerts beside them instead of 4."),
        ((10, 50, 90), (10, *NOISE), 14, "Keep the threshold: it found 3 of 4 incidents instead of 1, "
         "with 0 alerts beside them instead of 4."),
        ((10, 50), (10, 50, 90), 14, ""),  # one more may be chance
        ((10, 50), (10, 50, 90, 130, *NOISE), 14, ""),  # more found, and more beside
        ((10, *NOISE), (10, *NOISE[:2]), 14, ""),  # two fewer are no clear difference
        ((10, 50), (10, 50, 90, 130), 5, ""),  # too little judged
    ],
)  # fmt: skip
def test_one_is_said_to_do_better_only_where_that_is_clear(
    static: tuple[float, ...], dynamic: tuple[float, ...], days: float, said: str
) -> None:
    other = tried(as_dynamic(STATIC), *dynamic, recorded=REAL, days=days)
    assert compared(tried(STATIC, *static, recorded=REAL), other, Known(), SETTLE).suggestion == said


def test_without_anything_real_neither_does_better() -> None:
    quiet = replace(tried(as_dynamic(STATIC)), incidents=())
    found = compared(tried(STATIC, *NOISE), quiet, Known(), SETTLE)
    assert (found.suggestion, found.said.split(" in ")[0]) == ("", "Nothing was recorded or acknowledged")
