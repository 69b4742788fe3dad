"""Ticks over a real lake and a real database: from events to what is to be told."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.acts import acknowledge, resolve
from alerts.incidents import Status
from alerts.judging import State
from alerts.judging.rule_problems import ABOUT_RULES
from alerts.store import Store
from alerts.watch import Watch, horizon
from metrics.settings import Alerts
from tests.alerts.product import NOON, RULE, Product, at

SETTLED = 0.25
"""A little later in a minute than events have settled."""


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return Product(tmp_path / "home")


@pytest.fixture
def store(product: Product) -> Store:
    return Store.of(product.settings)


@pytest.fixture
def watch(product: Product, store: Store) -> Watch:
    return Watch(product.settings, store, set_up=["slack"])


def told(store: Store) -> list[tuple[str, str]]:
    """What waits to be sent: kind and target."""
    with store.reading() as repository:
        incidents = repository.incidents(open_only=False)
        return [(one.kind, one.target) for incident in incidents for one in repository.deliveries(incident.id)]


def run(watch: Watch, product: Product, minutes: range, failing: float = 0) -> None:
    """Minute by minute: a minute of requests, then a tick."""
    for minute in minutes:
        product.lives(minute, minute + 1, {"/0": failing})
        watch.tick(at(minute + 1 + SETTLED))


def test_a_breach_fires_once_it_has_lasted_and_is_told_once(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    assert told(store) == []
    run(watch, product, range(3, 5), failing=20)
    with store.reading() as repository:
        (instance,) = repository.instances().values()
        assert (instance.state, instance.value) == (State.PENDING, 20)
    run(watch, product, range(5, 8), failing=20)
    assert told(store) == [("firing", "slack")]
    with store.reading() as repository:
        (incident,) = repository.incidents()
        (alert,) = repository.firing_alerts()
    assert incident.title == "Error rate above 5 % on /0"
    assert (alert.since, alert.fired_at) == (at(4 + 1 / 6), at(6 + 1 / 6))
    # The newest minute is not judged before an event lies beyond it.
    assert alert.recent[-7:] == (0, 0, 0, 20, 20, 20, 20)


def test_what_recovers_is_resolved_and_told_to_those_who_were_told(
    watch: Watch, product: Product, store: Store
) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    run(watch, product, range(7, 9))
    assert told(store) == [("firing", "slack"), ("resolved", "slack")]
    with store.reading() as repository:
        (incident,) = repository.incidents(open_only=False)
        kinds = [step.kind for step in repository.timeline(incident=incident.id)]
        assert repository.instances() == {}
    assert incident.status is Status.RESOLVED
    assert kinds == ["breach", "pending", "firing", "resolved"]


def test_nothing_is_evaluated_twice(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    assert watch.tick(at(3 + SETTLED)).evaluated == 0
    assert Watch(product.settings, store).tick(at(3 + SETTLED)).evaluated == 0


def test_a_clock_that_jumps_back_evaluates_nothing_again(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    before = told(store)
    assert [watch.tick(at(minute + SETTLED)).evaluated for minute in (1, 3, 6)] == [0, 0, 0]
    assert told(store) == before


def test_missed_instants_are_made_up_for_in_order(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    product.lives(3, 20, {"/0": 20})
    tick = watch.tick(at(20 + SETTLED))
    assert (tick.evaluated, tick.changes) == (1, 2)
    with store.reading() as repository:
        (alert,) = repository.firing_alerts()
    assert alert.fired_at == at(6 + 1 / 6)
    assert alert.late
    assert told(store) == [("firing", "slack")]


def test_what_began_and_ended_meanwhile_is_recorded_and_told_to_nobody(
    watch: Watch, product: Product, store: Store
) -> None:
    run(watch, product, range(3))
    product.lives(3, 12, {"/0": 20})
    product.lives(12, 20)
    watch.tick(at(20 + SETTLED))
    assert told(store) == []
    with store.reading() as repository:
        (incident,) = repository.incidents(open_only=False)
    assert (incident.late, incident.status) == (True, Status.RESOLVED)


def test_farther_back_than_the_limit_nothing_is_made_up_for(tmp_path: Path) -> None:
    product = Product(tmp_path / "home", catch_up_seconds=300)
    with_store = Store.of(product.settings)
    watch = Watch(product.settings, with_store, set_up=["slack"])
    run(watch, product, range(3))
    product.lives(3, 10, {"/0": 20})
    product.lives(10, 30)
    assert watch.tick(at(30 + SETTLED)).changes == 0


def test_a_lake_that_is_behind_is_waited_for(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    assert watch.tick(at(6 + SETTLED)).evaluated == 0
    product.lives(3, 7, {"/0": 20})
    watch.tick(at(7 + SETTLED))
    assert told(store) == [("firing", "slack")]


def test_nothing_fires_for_want_of_data(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 5), failing=20)
    for minute in range(5, 15):
        watch.tick(at(minute + SETTLED))
    with store.reading() as repository:
        (instance,) = repository.instances().values()
    assert instance.state is State.PENDING
    for minute in range(15, 30):
        watch.tick(at(minute + SETTLED))
    with store.reading() as repository:
        assert not repository.instances(), "it does not wait for ever"
        (last,) = (one[-1] for one in repository.transitions(NOON, ["cleared"]).values())
    assert last.reason == "no data for 15m"
    assert told(store) == []


def test_where_too_few_are_there_to_judge_the_rule_says_so(watch: Watch, product: Product, store: Store) -> None:
    product.lives(0, 3)
    rule = RULE.replace("metric:", "min_events: 500\n  metric:")
    (product.home / "alerts.yaml").write_text(rule, encoding="utf-8")
    watch.tick(at(3 + SETTLED))
    with store.reading() as repository:
        assert repository.with_too_few() == {"error-rate"}
    (product.home / "alerts.yaml").write_text(RULE, encoding="utf-8")
    product.lives(3, 4)
    watch.tick(at(4 + SETTLED))
    with store.reading() as repository:
        assert repository.with_too_few() == frozenset()


@pytest.mark.parametrize(
    ("newest", "until"),
    [
        pytest.param(None, at(-5), id="no events at all"),
        pytest.param(timedelta(0), NOON, id="events of now"),
        pytest.param(timedelta(seconds=-90), NOON - timedelta(seconds=80), id="events of a while ago"),
        pytest.param(timedelta(hours=-9), at(-5), id="events of long ago"),
        pytest.param(timedelta(hours=9), NOON, id="events that lie ahead"),
    ],
)
def test_instants_are_due_as_far_as_events_go_but_not_forever_later(newest: timedelta | None, until: object) -> None:
    assert horizon(NOON, None if newest is None else NOON + newest, Alerts()) == until


def test_what_a_person_resolved_fires_again_only_after_its_full_duration(
    watch: Watch, product: Product, store: Store
) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    with store.writing() as repository:
        (incident,) = repository.incidents()
        resolve(repository, incident.id, "ada", "a test", at(7.5))
    run(watch, product, range(7, 9), failing=20)
    assert told(store) == [("firing", "slack"), ("resolved", "slack")]
    run(watch, product, range(9, 11), failing=20)
    assert [kind for kind, _ in told(store)].count("firing") == 2


def test_acknowledging_between_two_ticks_is_kept(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    with store.writing() as repository:
        (incident,) = repository.incidents()
        acknowledge(repository, incident.id, "ada", at(7.5))
    run(watch, product, range(7, 9), failing=20)
    with store.reading() as repository:
        assert repository.incidents()[0].acknowledged_by == "ada"


def test_a_rule_that_is_removed_ends_its_alerts_and_says_why(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    (product.home / "alerts.yaml").write_text("[]", encoding="utf-8")
    run(watch, product, range(7, 8), failing=20)
    with store.reading() as repository:
        (incident,) = repository.incidents(open_only=False)
    assert (incident.status, incident.resolution) == (Status.RESOLVED, "the rule was removed")
    assert told(store) == [("firing", "slack"), ("resolved", "slack")]


def test_a_rule_that_is_edited_keeps_its_incident(watch: Watch, product: Product, store: Store) -> None:
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    edited = RULE.replace("threshold: 5", "threshold: 7").replace("above 5", "above 7")
    (product.home / "alerts.yaml").write_text(edited, encoding="utf-8")
    run(watch, product, range(7, 9), failing=20)
    with store.reading() as repository:
        (alert,) = repository.firing_alerts()
        assert len(repository.incidents(open_only=False)) == 1
    assert alert.name == "Error rate above 7 %"


def test_a_file_that_cannot_be_read_leaves_its_rules_in_force_and_is_an_alert(
    watch: Watch, product: Product, store: Store
) -> None:
    run(watch, product, range(3))
    (product.home / "alerts.yaml").write_text(RULE.replace("metric: error_rate", "metric: eror_rate"), encoding="utf-8")
    run(watch, product, range(3, 7), failing=20)
    with store.reading() as repository:
        rules = {alert.key.rule for alert in repository.firing_alerts()}
    assert rules == {"error-rate", ABOUT_RULES.id}
    # Also after a restart, from what was kept.
    again = Watch(product.settings, store, set_up=["slack"])
    assert set(again.rules().rules) == {"error-rate"}
    (product.home / "alerts.yaml").write_text(RULE, encoding="utf-8")
    run(again, product, range(7, 9))
    with store.reading() as repository:
        assert repository.firing_alerts() == ()


def test_rules_that_look_at_the_same_are_answered_by_the_same(tmp_path: Path) -> None:
    many = "".join(RULE.replace("id: error-rate", f"id: rule-{n}").replace("5,", f"{n},") for n in range(1, 40))
    product = Product(tmp_path / "home", many)
    store = Store.of(product.settings)
    watch = Watch(product.settings, store, set_up=["slack"])
    run(watch, product, range(3))
    run(watch, product, range(3, 7), failing=20)
    with store.reading() as repository:
        assert len(repository.firing_alerts()) == 19
        assert len(repository.incidents()) == 1
    assert told(store) == [("firing", "slack")]
