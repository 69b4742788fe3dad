"""How the engine is asked for series: right, seldom, and without one question stopping another."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pytest

from alerts.judging import Labels
from alerts.judging.conditions import ask_of, judge
from alerts.judging.evidence import MOST_BUCKETS, RECENT, Evidence, Memory, fetch
from alerts.judging.instants import micros
from alerts.judging.series import Answers, Question, Series, Unanswered, ask
from alerts.rules import AlertRule
from alerts.trying.input_series import InputSeries
from metrics import engine as asked_of
from metrics.catalog import Metric
from metrics.engine import Engine, Filter, Grain, Query, Window
from metrics.settings import Settings
from tests.alerts.made_up import CATALOG, DAY, HOUR, MONDAY, WEEK, letters, row, rule, seen
from tests.conftest import SIMULATED_END
from tests.metrics.engine.stored import store

T = TypeVar("T")
MINUTE = timedelta(minutes=1)
HOURS = Window(start=SIMULATED_END - 12 * HOUR, end=SIMULATED_END)
LABEL: Labels = (("endpoint", "/gone"),)


@dataclass
class Counting:
    """Passes questions on, and remembers them; one about a certain value finds the disk broken."""

    engine: Answers
    asked: list[Query] = field(default_factory=list[Query])
    """But for those about bad events."""

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return self.engine.metrics

    def answer(self, question: asked_of.Question[T], /) -> T:
        asked: object = question
        if isinstance(asked, Query):
            self.remember(asked)
        return self.engine.answer(question)

    def remember(self, query: Query) -> None:
        self.asked.append(query)
        if any("broken" in item.values for item in query.filters):
            raise OSError("the disk is broken")


@pytest.fixture
def engine(simulated_home: Path) -> Counting:
    return Counting(Engine(Settings(home=simulated_home)))


def static(number: int = 0, **others: Any) -> AlertRule:
    return rule({"operator": ">", "threshold": 5}, id=f"r{number}", **others)


def answered(engine: Answers, *rules: AlertRule, window: Window = HOURS) -> Mapping[str, Evidence | Unanswered]:
    return fetch(engine, {one.id: ask_of(one, window) for one in rules})


def series_of(found: Evidence | Unanswered | Series) -> Series:
    assert not isinstance(found, Unanswered), found
    return found.judged() if isinstance(found, Evidence) else found


def test_a_series_holds_what_the_engine_answers(engine: Counting) -> None:
    question = Question(("provider", "model"), (), timedelta(minutes=15))
    series = series_of(ask(engine, question, ["llm_error_rate", "llm_latency_p95"], HOURS)["llm_latency_p95"])
    query = Query(metrics=("llm_latency_p95",), window=HOURS, by=("provider", "model"), grain=Grain.MINUTES_15)
    frame = engine.engine.answer(query.model_copy(update={"with_events": True})).frame
    assert series.values.shape == (len(series.labels), 48)
    for line in frame.iter_rows(named=True):
        at = int(np.searchsorted(series.starts, micros(line["time"])))
        which = series.labels.index((("provider", line["provider"]), ("model", line["model"])))
        value = series.values[which, at]
        assert (None if np.isnan(value) else value) == line["llm_latency_p95"]
        assert series.events[which, at] == line["llm_latency_p95__events"]


def test_a_missing_value_of_a_dimension_is_a_label_like_another(engine: Counting) -> None:
    series = series_of(ask(engine, Question(("provider",), (), HOUR), ["requests"], HOURS)["requests"])
    assert (("provider", None),) in series.labels


def test_rules_that_ask_the_same_are_one_query(engine: Counting) -> None:
    metrics = ("error_rate", "requests", "response_time_p95")
    found = answered(engine, *(static(n, metric=metrics[n % 3], by=["endpoint"]) for n in range(30)))
    assert len(found) == 30
    assert [set(query.metrics) for query in engine.asked] == [set(metrics)]


def test_every_other_question_is_one_query_more(engine: Counting) -> None:
    answered(
        engine, static(1), static(2, window="5m"), static(3, where={"environment": "prod"}), static(4, by=["endpoint"])
    )
    assert len(engine.asked) == 4


def test_a_metric_or_a_dimension_that_cannot_be_asked_for_is_no_data_with_the_reason(engine: Counting) -> None:
    found = answered(
        engine,
        static(1),
        static(2, metric="eror_rate"),
        static(3, by=["endpont"]),
        static(4, metric="nps", by=["endpoint"]),
    )
    problems = {name: series_of(one).problem for name, one in found.items()}
    assert problems == {
        "r1": "",
        "r2": "there is no metric 'eror_rate'. Did you mean error_rate, llm_error_rate, client_error_rate?",
        "r3": "there is no dimension 'endpont'. Did you mean endpoint, environment, sentiment?",
        "r4": problems["r4"],
    }
    assert "cannot be grouped or filtered by endpoint" in problems["r4"]
    assert not np.isnan(series_of(found["r1"]).values).all()
    assert np.isnan(series_of(found["r2"]).values).all()


def test_a_kind_of_event_that_never_came_is_no_data_and_not_absence(tmp_path: Path) -> None:
    watched = rule({"kind": "absent"}, metric="nps")
    (found,) = answered(Engine(Settings(home=tmp_path)), watched).values()
    assert isinstance(found, Evidence)
    judged = judge(watched, found)
    assert (set(letters(judged)), judged.problem) == ({"_"}, "no data yet: needs `feedback` events")


def test_a_question_that_fails_stops_no_other_and_is_asked_again(engine: Counting) -> None:
    found = answered(engine, static(1), static(2, where={"region": "broken"}))
    assert found["r2"] == Unanswered("OSError: the disk is broken")
    assert isinstance(found["r1"], Evidence)


def test_values_over_few_events_are_left_out_of_what_is_judged_and_of_nothing_else(engine: Counting) -> None:
    found = answered(engine, static(1, by=["endpoint"], min_events=5, window="5m"))["r1"]
    assert isinstance(found, Evidence)
    few = found.series.events < 5
    assert few.any() and np.isnan(found.masked.values[few]).all()
    assert (found.masked.values[~few] == found.series.values[~few]).all()


def test_an_instance_that_is_known_is_judged_though_nothing_is_seen_of_it() -> None:
    rows = [row("1 _ _ 4", labels={"endpoint": "/chat"}), row("_ _ 3 _", labels={"endpoint": "/new"})]
    evidence = seen(static(1, by=["endpoint"]), rows, begin="1m", known=[LABEL])
    assert evidence.series.labels == ((("endpoint", "/chat"),), (("endpoint", "/new"),), LABEL)
    assert evidence.begins.tolist() == [0, 1, 0]
    assert np.isnan(evidence.judged().values[2]).all()


def test_what_was_seen_right_before_exists_already_though_nobody_kept_it() -> None:
    rows = [row("1 _ _ _", labels={"endpoint": "/old"})]
    evidence = seen(static(1, by=["endpoint"]), rows, begin="2m", end="4m")
    assert (evidence.series.labels, evidence.begins.tolist()) == (((("endpoint", "/old"),),), [0])
    long_ago = seen(static(1, by=["endpoint"]), rows, begin="2h", end="3h")
    assert long_ago.series.labels == ()


@pytest.mark.parametrize("window", ["1d", "1w"])
def test_one_bucket_before_is_always_looked_at(window: str) -> None:
    rows = [row("1 _", labels={"endpoint": "/old"}, window=window)]
    evidence = seen(static(1, by=["endpoint"], window=window), rows, begin=window)
    assert evidence.series.labels == ((("endpoint", "/old"),),)


def test_without_labels_there_is_one_instance_whatever_is_seen() -> None:
    evidence = seen(static(1), [], end="3m")
    assert (evidence.series.labels, evidence.judged().values.shape) == (((),), (1, 3))


def test_as_many_values_as_are_shown_come_along() -> None:
    evidence = seen(static(1), [row(range(100))], begin="1h30m")
    assert evidence.series.values[0].tolist() == list(range(100 - 10 - RECENT + 1, 100))
    assert evidence.judged().values[0].tolist() == list(range(90, 100))


def test_history_that_does_not_change_is_asked_for_once(engine: Counting) -> None:
    watched = rule({"kind": "dynamic", "weeks": 1}, id="d", metric="requests")
    memory = Memory()
    for minute in range(3):
        start = SIMULATED_END - DAY + minute * MINUTE
        fetch(engine, {"d": ask_of(watched, Window(start=start, end=start + MINUTE))}, memory)
    assert len(engine.asked) == 1 + 3
    figures = Counting(InputSeries((row("100x21000", metric="requests"),), CATALOG))
    for minute in range(3):
        start = MONDAY + 2 * WEEK + minute * MINUTE
        fetch(figures, {"d": ask_of(watched, Window(start=start, end=start + MINUTE))}, memory)
    assert len(figures.asked) == 1 + 3


def test_memory_forgets_what_was_not_used_for_longest() -> None:
    memory = Memory(most=10)
    memory.put("a", 1, 4)
    memory.put("b", 2, 4)
    assert memory.get("a") == 1
    memory.put("c", 3, 4)
    assert [memory.get(name) for name in "abc"] == [1, None, 3]


def test_what_looks_back_too_far_is_told_so_and_stops_nothing(engine: Counting) -> None:
    greedy = rule(
        {"kind": "forecast", "operator": ">", "threshold": 1, "horizon": "1h", "history": "365d"}, id="g", window="10s"
    )
    found = answered(engine, greedy, static(1))
    assert found["g"] == Unanswered("it looks at 3,158,279 buckets at once: a wider window or a shorter span is needed")
    assert isinstance(found["r1"], Evidence)
    assert timedelta(days=365) // timedelta(seconds=10) > MOST_BUCKETS


def test_filters_are_those_of_the_rule(engine: Counting) -> None:
    answered(engine, static(1, where={"provider": ["openai", "anthropic"], "environment": "prod"}))
    assert engine.asked[0].filters == (
        Filter(dimension="environment", values=("prod",)),
        Filter(dimension="provider", values=("openai", "anthropic")),
    )


def test_levels_come_along() -> None:
    assert seen(static(1, metric="state"), [row("down", metric="state")]).series.levels == ("fine", "slow", "down")


def test_rows_are_put_in_order_and_missing_ones_are_no_data() -> None:
    series = Series(
        np.arange(2), ((("a", "1"),), (("a", "2"),)), np.array([[1.0, 2], [3, 4]]), np.array([[9.0, 9], [9, 9]])
    )
    assert series.rows(series.labels) is series
    turned = series.rows([(("a", "2"),), (("a", "3"),)])
    assert turned.values[0].tolist() == [3, 4] and np.isnan(turned.values[1]).all()
    assert turned.events.tolist() == [[9, 9], [0, 0]]


def test_a_metric_of_the_home_that_fails_over_its_events_has_a_problem_and_the_others_their_values(
    tmp_path: Path,
) -> None:
    events = pl.DataFrame({"ts": [SIMULATED_END - HOUR], "event_id": ["1"], "endpoint": ["/a"]})
    store(tmp_path, "request", events)
    (tmp_path / "metrics.yaml").write_text(
        "- {name: broken, event: request, sql: sum(CAST(endpoint AS INTEGER))}\n", encoding="utf-8"
    )
    found = ask(Engine(Settings(home=tmp_path)), Question((), (), HOUR), ["broken", "requests"], HOURS)
    broken, requests = found["broken"], found["requests"]
    assert isinstance(broken, Series)
    assert isinstance(requests, Series)
    assert "metrics.yaml, line 1: broken: cannot be calculated" in broken.problem
    assert np.nansum(requests.values) == 1
    alone = ask(Engine(Settings(home=tmp_path)), Question((), (), HOUR), ["broken"], HOURS)["broken"]
    assert isinstance(alone, Series)
    assert alone.problem == broken.problem
