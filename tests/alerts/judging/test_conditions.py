"""What each kind of condition says of a row of values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from alerts.judging.conditions import KINDS
from alerts.rules import KINDS as KNOWN
from tests.alerts.made_up import judged, letters, row, rule


@pytest.mark.parametrize(
    ("operator", "verdicts"), [(">", "rrB"), (">=", "rBB"), ("<", "Brr"), ("<=", "BBr"), ("==", "rBr"), ("!=", "BrB")]
)
def test_a_value_is_compared_with_the_threshold(operator: str, verdicts: str) -> None:
    assert letters(judged(rule({"operator": operator, "threshold": 5}), row("4 5 6"))) == verdicts


def test_no_data_is_no_verdict() -> None:
    assert letters(judged(rule({"operator": "!=", "threshold": 5}), row("5 _ 6"))) == "r_B"


@pytest.mark.parametrize(
    ("condition", "values", "verdicts"),
    [
        ({"operator": ">", "threshold": 5, "recover": 3}, "6 5 4 3 2", "B--rr"),
        ({"operator": ">=", "threshold": 5, "recover": 3}, "5 4 3 2", "B--r"),
        ({"operator": "<", "threshold": 5, "recover": 8}, "4 5 7 8 9", "B--rr"),
    ],
)
def test_between_two_thresholds_is_neither(condition: Mapping[str, Any], values: str, verdicts: str) -> None:
    assert letters(judged(rule(condition), row(values))) == verdicts


@pytest.mark.parametrize(
    ("operator", "name", "verdicts"), [("==", "down", "rrB_"), ("!=", "fine", "rBB_"), ("contains", "ow", "rBB_")]
)
def test_a_state_is_compared_by_its_name(operator: str, name: str, verdicts: str) -> None:
    watched = rule({"operator": operator, "threshold": name}, metric="state")
    assert letters(judged(watched, row("fine slow down _", metric="state"))) == verdicts


def test_a_name_that_no_value_has_is_no_data_with_the_reason() -> None:
    unknown = judged(rule({"operator": "==", "threshold": "dwon"}, metric="state"), row("down", metric="state"))
    assert (letters(unknown), unknown.problem) == (
        "_", "'dwon' is no level; the nearest is 'down'; known are fine, slow, down"
    )  # fmt: skip
    nameless = judged(rule({"operator": "==", "threshold": "down"}), row("1"))
    assert (letters(nameless), nameless.problem) == ("_", "its values have no names, so that none is 'down'")


def test_over_few_events_a_ratio_says_nothing_and_is_not_absent() -> None:
    figures = row("50 50", events="2 20")
    assert letters(judged(rule({"operator": ">", "threshold": 5}, min_events=20), figures)) == "?B"
    assert letters(judged(rule({"kind": "absent"}, min_events=20), figures)) == "rr"


@pytest.mark.parametrize(
    ("values", "verdicts"),
    [
        ("100 100 150 151", "__rB"),
        ("0 _ 9 9", "____"),
        ("-100 -100 -40 -60", "__Br"),
        ("100 100 _ 200", "___B"),
    ],
)
def test_against_zero_or_nothing_there_is_no_change(values: str, verdicts: str) -> None:
    watched = rule({"kind": "change", "operator": ">", "threshold": 50, "against": "2m"})
    assert letters(judged(watched, row(values))) == verdicts


def test_what_was_before_the_span_is_looked_at() -> None:
    watched = rule({"kind": "change", "operator": "<", "threshold": -50, "against": "1w"}, window="1h")
    found = judged(watched, row("100x168 40 60", window="1h"), begin="1w")
    assert (letters(found), found.values.tolist()) == ("Br", [[-60.0, -40.0]])


def test_an_offset_that_is_no_whole_window_looks_at_the_window_before_it() -> None:
    watched = rule({"kind": "change", "operator": ">", "threshold": 50, "against": "90s"})
    assert letters(judged(watched, row("100 200 200"))) == "_Br"


BURN = {"kind": "burn_rate", "objective": 99.0, "burns": [{"rate": 10, "long": "4m", "short": "2m"}]}


def test_a_budget_burns_when_both_windows_do() -> None:
    found = judged(rule(BURN), row("0 0 0 30 30 0 0 0"))
    assert letters(found) == "rrrrBBrr"
    assert found.values[0].tolist() == [0, 0, 0, 7.5, 15, 15, 0, 0]


def test_events_weigh_the_mean_of_a_burn() -> None:
    assert judged(rule(BURN), row("0 0 0 20", events="1 1 1 97")).values[0, 3] == pytest.approx(19.4)


def test_a_short_window_without_events_is_no_data() -> None:
    assert letters(judged(rule(BURN), row("30x4 _x3"))) == "BBBBB__"


def test_a_long_window_over_few_events_says_nothing() -> None:
    assert letters(judged(rule(BURN, min_events=100), row("30x4", events="40 40 40 0"))) == "??BB"


def test_any_pair_of_windows_burns() -> None:
    burns = [{"rate": 10, "long": "4m", "short": "2m"}, {"rate": 2, "long": "8m", "short": "4m"}]
    found = judged(rule({**BURN, "burns": burns}), row("0x4 5x4 0"), begin="8m")
    assert (letters(found), found.values[0].tolist()) == ("B", [2.5])


def test_every_kind_of_condition_is_judged() -> None:
    assert {*KINDS, "composite"} == set(KNOWN)


WEEKLY = {"kind": "change", "operator": ">", "threshold": 100}


def test_where_nothing_was_and_is_there_is_nothing_to_fire_for() -> None:
    watched = rule({**WEEKLY, "at_least": 3}, metric="errors_total", window="1h", min_events=0)
    found = judged(watched, row("0x168 0 9 0", metric="errors_total", window="1h"), begin="7d")
    assert letters(found) == "cBc"


def test_each_day_of_a_span_is_held_against_what_was_known_of_the_week_before_it() -> None:
    watched = rule({**WEEKLY, "otherwise": 50}, metric="cost", window="1h")
    figures = row("20x192", metric="cost", window="1h")
    assert letters(judged(watched, figures, begin="1d")) == "r" * 168, (
        "six days with the days before them, one with both"
    )


@pytest.mark.parametrize(
    ("before", "now", "more", "verdicts"),
    [
        pytest.param("10x168", "21 30", {}, "BB", id="more than twice"),
        pytest.param("10x168", "21 30", {"at_least": 25}, "rB", id="below what matters nothing rises"),
        pytest.param("0x168", "3 4", {"at_least": 4}, "rB", id="from nothing, what matters has risen"),
        pytest.param("0x168", "3 4", {}, "__", id="else there is no percentage of nothing"),
        pytest.param("_x168", "30 60", {"otherwise": 50}, "rB", id="nothing is known: the value itself"),
        pytest.param("_x144 20x24", "30 60", {"otherwise": 50}, "rB", id="the day before stands in"),
        pytest.param("_x120 40x24 20x24", "60 90", {"otherwise": 5}, "rB", id="the most of the days since"),
        pytest.param(
            "1x24 20x144", "30 60", {"otherwise": 50}, "rB", id="a day on which something was out is no measure"
        ),
    ],
)
def test_a_change_against_the_week_before(before: str, now: str, more: dict[str, float], verdicts: str) -> None:
    watched = rule({**WEEKLY, **more}, metric="cost", window="1h")
    found = judged(watched, row(f"{before} {now}", metric="cost", window="1h"), begin="7d")
    assert letters(found) == verdicts


SPENT = {"operator": ">", "threshold": 3}


def test_windows_are_added_up_and_the_newest_quarter_ends_it() -> None:
    watched = rule(SPENT, metric="cost", window="15m", over="1h")
    found = judged(watched, row("0.2x4 1.2x5 0.2x6", metric="cost", window="15m", events=1))
    assert letters(found) == "rrrr" + "rrBBB" + "f" + "rrrrr"
    assert found.values[0].round(1).tolist()[4:10] == [1.8, 2.8, 3.8, 4.8, 4.8, 3.8]


def test_what_is_added_up_is_the_same_for_an_instant_alone() -> None:
    watched = rule({**WEEKLY, "otherwise": 50}, metric="cost", window="15m", over="1h", min_events=0)
    rng = np.random.default_rng(3)
    figures = row(rng.exponential(1, 96 * 8) ** 3, metric="cost", window="15m", events=1)
    span = judged(watched, figures, begin="7d", end="7d6h").verdicts[0].tolist()
    alone = [
        int(judged(watched, figures, begin=f"{7 * 1440 + 15 * n}m", end=f"{7 * 1440 + 15 * n + 15}m").verdicts[0, 0])
        for n in range(24)
    ]
    assert span == alone
    assert len(set(span)) > 1
