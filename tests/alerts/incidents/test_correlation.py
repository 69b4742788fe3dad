"""Which alerts become one incident, and which of them is its head."""

from dataclasses import replace
from itertools import count
from math import sin

import numpy as np
import pytest

from alerts.incidents import Alert, Incident
from alerts.incidents.batch import Batch
from alerts.incidents.correlation import correlate, grouped
from alerts.incidents.incident import incident_id
from alerts.judging import State, Transition
from alerts.policy.reading import read
from alerts.rules import AlertRule
from alerts.rules.files import shipped_texts
from alerts.rules.reading import read as read_rules
from metrics.catalog import METRICS
from tests.alerts.timetables import at, firing, key, resolved, rule

RULES = {name: rule(name) for name in ("errors", "latency", "cost", "cpu", "queue")} | {
    "hourly": rule("hourly", window="1h")
}


def after(
    *changed: Alert, ongoing: tuple[Alert, ...] = (), open: tuple[Incident, ...] = (), minute: float = 60
) -> Batch:
    """What correlation makes of a tick."""
    return correlate(Batch(at(minute), changed=changed, ongoing=ongoing, open=open, rules=RULES).begun())


def together(*alerts: Alert) -> list[list[str]]:
    """The members of the incidents that new alerts make, the head first."""
    return [[str(member) for member in incident.members] for incident in after(*alerts).incidents]


WAVE = tuple(sin(step / 3) for step in range(40))
RIPPLE = tuple(sin(step * 1.7) for step in range(40))


@pytest.mark.parametrize(
    ("one", "other", "belong_together"),
    [
        pytest.param(firing("errors{endpoint=/chat}"), firing("latency{endpoint=/chat}", 5), True, id="a label"),
        pytest.param(firing("errors{endpoint=/chat}"), firing("latency{endpoint=/mail}", 5), False, id="another value"),
        pytest.param(firing("errors{endpoint=eu}"), firing("latency{region=eu}"), False, id="another label"),
        pytest.param(firing("errors{endpoint=/chat}"), firing("errors{endpoint=/mail}", 5), True, id="the rule"),
        pytest.param(firing("errors{endpoint=/chat}"), firing("errors{endpoint=/mail}", 5.1), False, id="too late"),
        pytest.param(firing("errors"), firing("latency"), False, id="nothing"),
        pytest.param(firing("errors", recent=WAVE), firing("latency", 5, recent=WAVE), True, id="the same way"),
        pytest.param(
            firing("errors", recent=WAVE), firing("latency", recent=tuple(9 - 2 * value for value in WAVE)), True,
            id="against each other",
        ),
        pytest.param(
            firing("errors", recent=WAVE), firing("latency", recent=RIPPLE), False, id="each its own way",
        ),
        pytest.param(firing("errors", recent=WAVE), firing("latency", 5.1, recent=WAVE), False, id="same way, later"),
        pytest.param(firing("errors", recent=WAVE), firing("hourly", recent=WAVE), False, id="other steps of time"),
        pytest.param(firing("errors", recent=WAVE[:9]), firing("latency", recent=WAVE[:9]), False, id="too few values"),
        pytest.param(
            firing("errors", recent=(None,) * 30 + WAVE[30:]), firing("latency", recent=WAVE), True, id="ten values",
        ),
        pytest.param(firing("errors", recent=(5.0,) * 40), firing("latency", recent=(7.0,) * 40), False, id="no move"),
    ],
)  # fmt: skip
def test_alerts_belong_together(one: Alert, other: Alert, belong_together: bool) -> None:
    assert (len(together(one, other)) == 1) == belong_together
    assert (len(together(other, one)) == 1) == belong_together


def test_no_value_is_nothing_to_have_in_common() -> None:
    one, other = (
        replace(firing(name), key=replace(key(name), labels=(("endpoint", None),))) for name in ("errors", "cost")
    )
    assert len(together(one, other)) == 2


def test_the_five_minutes_count_from_the_newest_alert() -> None:
    assert together(*(firing(f"errors{{endpoint=/{n}}}", 4 * n) for n in range(4))) == [
        [f"errors{{endpoint=/{n}}}" for n in range(4)]
    ]


def test_an_alert_that_links_two_of_the_same_moment_makes_them_one() -> None:
    assert together(
        firing("errors{endpoint=/chat}", 3),
        firing("cost{model=gpt}", 3, "P2"),
        firing("latency{endpoint=/chat, model=gpt}", 3, "P3"),
    ) == [["errors{endpoint=/chat}", "cost{model=gpt}", "latency{endpoint=/chat, model=gpt}"]]


def test_incidents_that_were_told_stay_apart_whatever_links_them() -> None:
    first = after(firing("errors{endpoint=/chat}", 1), firing("cost{model=gpt}", 2))
    batch = after(firing("latency{endpoint=/chat, model=gpt}", 3), ongoing=first.alerts, open=first.incidents, minute=3)
    assert [len(incident.members) for incident in batch.incidents] == [2, 1]


def test_the_head_is_the_earliest_of_the_most_severe() -> None:
    batch = after(
        firing("cpu{host=a}", 0, "P2"),
        firing("errors{host=a}", 2, "P0"),
        firing("latency{host=a}", 1, "P0"),
        firing("cost{host=a}", 3, "P1"),
    )
    (incident,) = batch.incidents
    assert (str(incident.head), incident.priority, incident.title) == ("latency{host=a}", "P0", "Latency on a")
    assert list(map(str, incident.members)) == ["latency{host=a}", "cpu{host=a}", "errors{host=a}", "cost{host=a}"]
    assert incident.opened_at == at(0)
    assert {alert.incident for alert in batch.alerts} == {incident.id}


def test_the_id_is_that_of_the_alert_that_opened_it_and_stays() -> None:
    first = after(firing("cpu{host=a}", 0, "P2"))
    assert first.incidents[0].id == incident_id(key("cpu{host=a}"), at(0))
    told = replace(first.incidents[0], told_at=at(0))
    (incident,) = after(firing("errors{host=a}", 2, "P0"), ongoing=first.alerts, open=(told,)).incidents
    assert (incident.id, str(incident.head)) == (told.id, "errors{host=a}")


def test_the_head_does_not_change_when_what_joins_is_no_more_severe_or_when_it_ends() -> None:
    first = after(firing("cpu{host=a}", 2, "P1"))
    told = replace(first.incidents[0], told_at=at(2))
    joined = after(firing("errors{host=a}", 1, "P1"), ongoing=first.alerts, open=(told,))
    assert [str(incident.head) for incident in joined.incidents] == ["cpu{host=a}"]
    (head, other) = sorted(joined.alerts, key=lambda alert: alert.key != told.head)
    ended = replace(resolved("cpu{host=a}", 2, 9), incident=head.incident)
    (incident,) = after(ended, ongoing=(other,), open=joined.incidents, minute=9).incidents
    assert (str(incident.head), list(map(str, incident.firing))) == ("cpu{host=a}", ["errors{host=a}"])
    assert incident.resolved_at is None


def test_an_incident_ends_with_the_last_of_its_alerts() -> None:
    first = after(firing("errors{endpoint=/chat}", 0), firing("errors{endpoint=/mail}", 1))
    ended = [replace(resolved(str(one.key), 0, 7 + n), incident=one.incident) for n, one in enumerate(first.alerts)]
    (incident,) = after(*ended, open=first.incidents).incidents
    assert (incident.resolved_at, incident.resolution, incident.firing) == (at(8), "recovered", ())


def test_an_incident_ends_for_the_reason_for_which_its_alerts_do() -> None:
    first = after(firing("errors", 0))
    ended = replace(resolved("errors", 0, 5), incident=first.alerts[0].incident, reason="the rule was removed")
    (incident,) = after(ended, open=first.incidents).incidents
    assert incident.resolution == "the rule was removed"


def test_an_alert_that_fires_again_while_its_incident_goes_on_joins_it_again_however_late() -> None:
    first = after(firing("errors{host=a}", 0), firing("cpu{host=a}", 0))
    (errors, cpu) = sorted(first.alerts, key=lambda alert: alert.key.rule, reverse=True)
    left = after(
        replace(resolved("errors{host=a}", 0, 5), incident=errors.incident), ongoing=(cpu,), open=first.incidents
    )
    (incident,) = after(firing("errors{host=a}", 50), ongoing=(cpu,), open=left.incidents).incidents
    assert len(incident.firing) == 2


def test_the_newest_alert_counts_though_it_has_ended() -> None:
    first = after(firing("errors{endpoint=/chat}", 0))
    batch = Batch(
        at(12),
        changed=(firing("errors{endpoint=/news}", 12),),
        ongoing=first.alerts,
        open=(replace(first.incidents[0], members=(key("errors{endpoint=/chat}"), key("errors{endpoint=/mail}"))),),
        rules=RULES,
        history={key("errors{endpoint=/mail}"): (Transition(key("errors{endpoint=/mail}"), "firing", at(8)),)},
    )
    assert len(correlate(batch.begun()).incidents) == 1


def test_what_ended_does_not_take_in_what_begins_afterwards() -> None:
    assert len(together(resolved("errors{endpoint=/chat}", 0, 2), firing("errors{endpoint=/mail}", 3))) == 2
    assert len(together(resolved("errors{endpoint=/chat}", 0, 3), firing("errors{endpoint=/mail}", 3))) == 1


def test_a_backtest_counts_the_incidents_that_there_would_have_been() -> None:
    spells = [(0, 10), (3, 4), (12, 20), (19, 30), (26, 40), (100, 101)]
    hosts = count()
    alerts = [resolved(f"errors{{host={next(hosts)}}}", start, end) for start, end in spells]
    assert grouped(alerts, RULES) == 5
    assert grouped([], RULES) == 0


def test_ten_thousand_alerts_at_once_are_one_incident_where_labels_and_rules_link_them() -> None:
    names = list(RULES)
    alerts = (firing(f"{names[n % 5]}{{endpoint=/{n}, region={n % 7}}}", 0, f"P{n % 4}") for n in range(10_000))
    (incident,) = after(*alerts).incidents
    assert (len(incident.members), incident.priority) == (10_000, "P0")


def test_what_moves_on_its_own_is_compared_with_few() -> None:
    noise = np.random.default_rng(6)
    rules = {f"own-{n}": rule(f"own-{n}") for n in range(200)}
    alerts = tuple(firing(name, 0, recent=tuple(noise.random(60))) for name in rules)
    batch = correlate(Batch(at(0), changed=alerts, rules=rules).begun())
    assert len(batch.incidents) > 195


SAME = {
    "errors-p0": rule("errors-p0", "P0", metric="error_rate"),
    "errors-p1": rule("errors-p1", metric="error_rate"),
    "success": rule("success", metric="success_rate"),
    "latency": rule("latency"),
    "narrow": rule("narrow", metric="error_rate", where={"endpoint": "/chat"}),
    "two": rule("two", metric="error_rate", where={"endpoint": ["/chat", "/mail"]}),
}


@pytest.mark.parametrize(
    ("first", "later", "joins"),
    [
        ("errors-p0", "errors-p1", True),
        ("errors-p0", "success", True),
        ("errors-p0", "errors-p1{endpoint=/chat}", True),
        ("errors-p0{endpoint=/chat}", "errors-p1", True),
        ("errors-p0{endpoint=/chat}", "errors-p1{endpoint=/chat}", True),
        ("errors-p0{endpoint=/chat}", "errors-p1{endpoint=/mail}", False),
        ("errors-p0{endpoint=/chat}", "errors-p1{region=eu}", False),
        ("errors-p0{endpoint=/chat}", "latency{endpoint=/chat}", True),
        ("errors-p0{endpoint=/chat}", "latency{endpoint=/chat, region=eu}", True),
        ("errors-p0{endpoint=/chat, region=eu}", "latency{endpoint=/chat}", False),
        ("errors-p0", "latency", False),
        ("errors-p0", "latency{endpoint=/chat}", False),
        ("narrow", "errors-p1{endpoint=/chat}", True),
        ("narrow", "errors-p1{endpoint=/mail}", False),
        ("two", "errors-p1{endpoint=/mail}", False),
    ],
)
def test_what_says_the_same_joins_however_late(first: str, later: str, joins: bool) -> None:
    began = correlate(Batch(at(0), changed=(firing(first),), rules=SAME).begun())
    batch = Batch(
        at(300), changed=(firing(later, 300, "P2"),), ongoing=began.alerts, open=began.incidents, rules=SAME
    )  # fmt: skip
    assert (len(correlate(batch.begun()).incidents) == 1) == joins


def test_only_what_still_fires_is_joined_late() -> None:
    began = correlate(Batch(at(0), changed=(firing("errors-p0"), firing("latency", 0)), rules=SAME).begun())
    over = correlate(
        Batch(
            at(9),
            changed=tuple(replace(one, state=State.RESOLVED, ended_at=at(9)) for one in began.alerts),
            open=began.incidents, rules=SAME,
        ).begun()
    )  # fmt: skip
    assert all(one.resolved_at for one in over.incidents)
    again = Batch(at(10), changed=(firing("errors-p1", 10),), rules=SAME)
    assert len(correlate(again.begun()).incidents) == 1


def test_a_total_outage_is_one_incident() -> None:
    rules = {one.id: one for one in shipped_rules()}
    began: Batch | None = None
    begins = {
        "system-down": 0, "error-rate-overall-p0": 3, "error-rate-trend": 17, "error-rate-overall-p1": 20,
        "error-rate-overall-p2": 32, "error-rate-p1": 40,
    }  # fmt: skip
    for name, minute in begins.items():
        labels = "{endpoint=/chat}" if name == "error-rate-p1" else ""
        changed = (firing(f"{name}{labels}", minute, rules[name].priority),)
        before, alerts = (began.incidents, began.alerts) if began else ((), ())
        began = correlate(Batch(at(minute), changed=changed, ongoing=alerts, open=before, rules=rules).begun())
    assert began is not None
    (incident,) = began.incidents
    assert (len(incident.members), str(incident.head)) == (6, "system-down")


def test_where_the_route_says_what_to_group_by_that_alone_counts() -> None:
    policy, problems = read("route: {group_by: [region]}")
    assert policy is not None, problems
    rules = {name: rule(name) for name in ("errors", "latency")}
    alerts = (
        firing("errors{endpoint=/chat, region=eu}"), firing("errors{endpoint=/chat, region=us}"),
        firing("latency{endpoint=/mail, region=eu}", 200), firing("latency", 200),
    )  # fmt: skip
    batch = correlate(Batch(at(200), changed=alerts[:2], rules=rules, policy=policy).begun())
    late = Batch(at(200), changed=alerts[2:], ongoing=batch.alerts, open=batch.incidents, rules=rules, policy=policy)
    assert [list(map(str, one.members)) for one in correlate(late.begun()).incidents] == [
        ["errors{endpoint=/chat, region=eu}", "latency{endpoint=/mail, region=eu}"],
        ["errors{endpoint=/chat, region=us}"],
        ["latency"],
    ]


def shipped_rules() -> list[AlertRule]:
    return [placed.rule for name, text in shipped_texts().items() for placed in read_rules(text, name, METRICS).rules]
