"""Where a window holds too few events it reaches back, and a breach needs more than a share."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alerts.judging import Key
from alerts.judging.evaluation import Span, evaluate
from alerts.judging.verdicts import Judged
from alerts.trying.input_series import Row
from metrics.engine import Engine
from metrics.settings import Settings
from tests.alerts.made_up import judged, letters, row, rule
from tests.alerts.product import Product, at

ERRORS = {"operator": ">", "threshold": 5}


def over(values: str, events: str = "1", condition: Any = ERRORS, **others: Any) -> Judged:
    return judged(rule(condition, **{"min_events": 20, **others}), row(values, events=events))


def drawn(
    rng: np.random.Generator, most: int, count: int, failing: float, labels: Mapping[str, str] | None = None
) -> Row:
    """Buckets of fewer than `most` events, all of which fail in some."""
    events = rng.integers(0, most, count)
    values = np.where(events > 0, np.where(rng.random(count) < failing, 100.0, 0.0), np.nan)
    return row(values, events=" ".join(map(str, events)), labels=labels)


@pytest.mark.parametrize(
    ("values", "events", "verdicts"),
    [
        pytest.param("0x20", "1", "c" * 19 + "r", id="one a minute is enough after twenty"),
        pytest.param("0x17 100x3", "1", "c" * 18 + "?B", id="three of twenty are a breach, two are not"),
        pytest.param("0 100x4", "1", "c??BB", id="nearly all of a few are certain"),
        pytest.param("0x60 50", "2", "c" * 9 + "r" * 52, id="one of many is nothing"),
        pytest.param("0x20 50x3", "20", "r" * 20 + "BBB", id="enough by themselves"),
        pytest.param("0x20 30x4 0x2", "10", "c" + "r" * 19 + "B" * 4 + "?c", id="it ends when the newest are well"),
        pytest.param("50x9 _ 50x2", "40", "B" * 9 + "_BB", id="an empty minute between full ones is a gap"),
        pytest.param("50 _ 50 _ 50 _ 50", "40", "B_BBBBB", id="where many are empty, the others are enough"),
    ],
)
def test_a_percentage(values: str, events: str, verdicts: str) -> None:
    assert letters(over(values, events)) == verdicts


def test_a_breach_fades_while_what_is_new_is_well() -> None:
    found = letters(over("100x8 _x20 0x5 _x10", "1"))
    assert found[7:17] == "B" * 10, "for as long as the newest are bad"
    assert found[17:28] == "_" * 11, "nothing for ten minutes"
    assert found[28:33] == "c" * 5, "what was before counts no more"
    slowly = letters(over("100x8 _x20 0x5 _x10", "1", {**ERRORS, "recover_for": "3m"}))
    assert slowly[28:34] == "fffccc", "once it has been well for as long as it must"


def test_what_came_since_it_was_well_has_to_be_a_breach_by_itself() -> None:
    found = letters(over("0x20 100x8 0x12 100 0 100x3", "1", {**ERRORS, "recover_for": "20m"}))
    assert found[28:40].startswith("B") and found[28:40].endswith("f")
    assert found[40:] == "ffwBB"


def test_the_window_is_as_long_as_the_rule_lets_it_grow() -> None:
    assert letters(over("100 0x30 100 0x8 100 0x3", "1"))[-4:] == "?ccc"
    assert letters(over("100 _x5 100 _x5 100", "1"))[-1] == "B"
    assert letters(over("100 _x5 100 _x5 100", "1", max_window="10m"))[-1] == "?"
    assert letters(over("100x3", "1", min_bad_events=4)) == "???"


def test_what_was_counted_is_said() -> None:
    found = over("0x17 100x3 50", "1x20 100")
    assert found.tally is not None
    minute = timedelta(minutes=1)
    assert found.tally.text(0, 19, minute) == "3 of 6 events over 6m"
    assert found.tally.text(0, 20, minute) == "", "that minute has enough by itself"
    assert found.values[0, 19] == 50


def test_a_breach_began_where_more_and_more_were_bad() -> None:
    found = over("0x30 100 0 100 0 100 0x3", "1")
    assert letters(found)[33:36] == "?BB"
    assert found.ago is not None
    assert found.ago[0, 34] == 4, "when the first of the three failed"
    assert over("100 0x29 100 0 100 0 100", "1").ago[0, 34] == 4, "one long ago is another matter"  # pyright: ignore[reportOptionalSubscript]


def test_while_nobody_comes_the_newest_say_that_all_is_well() -> None:
    found = letters(over("100x8 _x12 0 _x40", "1"))
    assert found[20:45] == "c" * 25, "ten minutes, and a quarter of an hour"
    assert found[45] == "_"


def test_a_share_that_should_be_high_counts_what_is_missing() -> None:
    found = over("100x12 0x6", "1", {"operator": "<", "threshold": 50, "recover": 90})
    assert letters(found)[-6:] == "cc???B"
    assert found.tally is not None
    assert found.tally.text(0, 17, timedelta(minutes=1)) == "6 of 6 events over 6m"


def test_a_percentile_is_judged_by_how_many_are_beyond() -> None:
    found = judged(
        rule({"operator": ">", "threshold": 1000}, metric="response_time_p95", min_events=20),
        row("200x17 3000x3", metric="response_time_p95", events="1"),
    )
    assert letters(found) == "c" * 18 + "?B"
    assert found.values[0, -1] == 3000, "its own window's"


def test_a_mean_waits_until_there_are_enough() -> None:
    found = judged(
        rule({"operator": ">", "threshold": 1000}, metric="response_time_mean", min_events=20),
        row("3000x30", metric="response_time_mean", events="1"),
    )
    assert letters(found) == "?" * 19 + "B" * 11


def test_many_rows_are_judged_as_one_by_one() -> None:
    rng = np.random.default_rng(1)
    rows = [drawn(rng, 9, 90, 0.3, {"endpoint": f"/{number}"}) for number in range(5)]
    watched = rule(ERRORS, by=["endpoint"], min_events=20)
    together = judged(watched, *rows).verdicts
    alone = np.concatenate([judged(watched, one).verdicts for one in rows])
    gone_or_none = (together == 7) & (alone == 0)
    assert np.array_equal(np.where(gone_or_none, 0, together), alone)


def test_an_instant_alone_is_judged_as_within_a_span() -> None:
    rng = np.random.default_rng(2)
    figures = drawn(rng, 4, 180, 0.2)
    watched = rule(ERRORS, min_events=20)
    span = judged(watched, figures, begin="2h").verdicts[0].tolist()
    alone = [int(judged(watched, figures, begin=f"{120 + n}m", end=f"{121 + n}m").verdicts[0, 0]) for n in range(60)]
    assert span == alone


def test_slow_requests_of_a_lake_are_counted(tmp_path: Path) -> None:
    product = Product(tmp_path / "home")
    product.lives(0, 5)
    watched = rule({"operator": ">", "threshold": 70}, metric="response_time_p95", min_events=200)
    engine = Engine(Settings(home=product.home))
    span = Span(at(0), at(5.5))
    found = evaluate([watched], engine, (), span, timedelta(seconds=10)).outcomes[0]
    assert found.instances[Key("a")].basis == "200 of 200 events over 4m"
