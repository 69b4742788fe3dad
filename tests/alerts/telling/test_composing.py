"""What a message says of an incident, and what it says where something cannot be had."""

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from alerts.incidents import Alert, Incident
from alerts.incidents.incident import incident_id
from alerts.rules import AlertRule
from alerts.telling import Message
from alerts.telling.composing import compose
from alerts.telling.delivery_facts import Facts
from alerts.telling.explaining import Explain, Explainer
from alerts.telling.message import ChangeBefore, Place
from alerts.trying.input_series import InputSeries
from metrics.engine import (
    Affected,
    AffectedUsers,
    Changes,
    Engine,
    EventPage,
    Filter,
    Query,
    Question,
    RawEvents,
    Window,
)  # fmt: skip
from metrics.insights.causes import Causes, Changed, Moved, Where
from metrics.settings import Settings
from tests.alerts.made_up import CATALOG, row
from tests.alerts.timetables import at, firing, key, resolved, rule

SETTINGS = Settings.model_validate({"alerts": {"settle_seconds": 10, "public_url": "https://pilot.example.com"}})
NOW = at(3) + timedelta(seconds=14)
RULES = {
    "errors": rule(
        "errors", "P0", by=["endpoint"], where={"environment": "prod"}, runbook="https://wiki.example.com/errors",
        metric="error_rate", condition={"operator": ">", "threshold": 5, "duration": "5m"},
    ),
    "burn": rule("burn", "P1", metric="error_rate", condition={"kind": "burn_rate", "objective": 99.9}),
    "grown": rule("grown", "P2", metric="requests", condition={"kind": "change", "operator": ">", "threshold": 50}),
    "state": rule("state", "P1", metric="state", condition={"operator": "==", "threshold": "down"}),
    "silent": rule("silent", "P1", metric="requests", condition={"kind": "absent", "duration": "5m"}),
    "both": AlertRule.model_validate(
        {"id": "both", "name": "Both", "priority": "P0", "condition": {"kind": "composite", "all": ["errors", "burn"]}}
    ),
    "gone-metric": rule("gone-metric", "P1", metric="no_longer_there"),
}  # fmt: skip


@dataclass(frozen=True)
class Knowing(InputSeries):
    """InputSeries, and what else an engine knows."""

    asked: list[tuple[str, Window, tuple[Filter, ...]]] = field(
        default_factory=list[tuple[str, Window, tuple[Filter, ...]]]
    )

    sought: list[tuple[Filter, ...]] = field(default_factory=list[tuple[Filter, ...]])

    def answer(self, question: Question[Any], /) -> Any:
        match question:
            case Query():
                return super().answer(question)
            case AffectedUsers(metric=metric, window=window, filters=filters):
                self.asked.append((metric, window, filters))
                return Affected(users=412, events=1903)
            case Changes():
                return changes((-200, "ancient"), (-65, "release"), (-2, None), (2, "afterwards"))
            case RawEvents(bad_for="error_rate", limit=1):
                self.sought.append(question.filters)
                return EventPage(pl.DataFrame({"trace_id": ["4bf9"], "ts": [at(2)]}), None)
            case RawEvents():
                return EventPage(pl.DataFrame({"trace_id": [], "ts": []}), None)
            case _:
                raise NotImplementedError(type(question).__name__)


def changes(*made: tuple[float, str | None]) -> pl.DataFrame:
    """`change` events, by the minute."""
    moment = pl.Datetime("us", "UTC")
    schema = {"ts": moment, "ended_at": moment, "change_type": pl.String, "name": pl.String, "severity": pl.String}
    rows = [(at(minute), None, "deployment", name, None, "New router" if name else None) for minute, name in made]
    return pl.DataFrame(rows, schema={**schema, "description": pl.String}, orient="row")


class Broken(Knowing):
    """An engine that knows nothing just now."""

    def answer(self, question: Question[Any], /) -> Any:
        raise OSError("the disk is gone")


def opened(*alerts: Alert, **more: object) -> Incident:
    keys = tuple(alert.key for alert in alerts)
    head = alerts[0]
    known = Incident(incident_id(head.key, at(0)), head.key, head.name, head.priority, at(0), keys, keys)
    return replace(known, **more)


ENGINE = Knowing((), CATALOG)


def place(share: float, *values: tuple[str, str | None]) -> Where:
    return Where(values, share, 9.0, "rate", 1.0, 9.0, 1.0, 1.0, 100)


CAUSES = Causes(
    "error_rate", (Filter(dimension="environment", values=("prod",)),),
    Window(start=at(0), end=at(30)), (Window(start=at(-60), end=at(0)),), 1.0, 6.0,
    where=(
        place(0.615, ("provider", "a"), ("region", None)), place(1.2, ("provider", "b")),
        place(0.09, ("provider", "c")), place(0.01, ("provider", "d")),
    ),
    moved=(
        Moved("cpu_usage", (("host", "web-1"),), 20.0, 95.0, 9.0, at(-2), None, timedelta(), None, 1.0),
        Moved("requests", (), 20.0, 95.0, 9.0, at(2), None, timedelta(), None, 0.5),
    ),
    tried=104,
    changed=(
        Changed(at(20), "error", "broken pipe", count=3, metric="errors_total"),
        Changed(at(-1), "model", "gpt-6", count=12, metric="llm_calls",
                filters=(Filter(dimension="model", values=("gpt-6",)),)),
        Changed(at(-1), "deployment", "release"),
    ),
)  # fmt: skip
HEAD = firing(
    "errors{endpoint=/chat}", 0, "P0", since=at(-5), value=7.34, worst=9.1, name="Error rate above 5 %",
    recent=(1.0, None, 6.0, 7.34),
)  # fmt: skip


def said(
    *alerts: Alert,
    engine: Knowing = ENGINE,
    now: datetime = NOW,
    kind: str = "firing",
    explain: Explain | None = None,
    **more: object,
) -> Message:
    """The message of an incident with these alerts."""
    incident = opened(*alerts, **{name: value for name, value in more.items() if name not in ("note", "who")})
    texts = {name: str(value) for name, value in more.items() if name in ("note", "who")}
    facts = Facts("key", kind, incident, alerts, **texts)  # pyright: ignore[reportArgumentType]
    return compose(facts, engine, RULES, SETTINGS, now, explain)


def failing(*_: object) -> None:
    raise OSError("the disk is gone")


def nothing(*_: object) -> None:
    """There was no time to find any."""


def found(*_: object) -> Causes:
    return CAUSES


def test_a_message_says_what_how_bad_since_when_and_where() -> None:
    message = said(HEAD, note="was P1", explain=found)
    assert message.model_dump(exclude={"picture", "alerts", "dashboard_url", "changes", "where", "causes"}) == {
        "key": "key", "incident": incident_id(HEAD.key, at(0)), "kind": "firing", "priority": "P0",
        "title": "Error rate above 5 %: 7.34 % on /chat", "rule": "errors", "metric": "error_rate",
        "metric_title": "Error rate", "value_title": "Error rate", "value": 7.34,
        "value_text": "7.34 %, at worst 9.10 %",
        "threshold_text": "> 5 % for 5m", "labels": (("endpoint", "/chat"),), "since": at(-5), "at": NOW,
        "ended_at": None, "users_affected": 412, "requests_affected": 1903,
        "affected_title": "Requests affected", "alerts_total": 1,
        "incident_url": f"https://pilot.example.com/alerts?incident={incident_id(HEAD.key, at(0))}",
        "trace_url": "https://pilot.example.com/explore?trace=4bf9&at=2026-05-01T12%3A02%3A00Z",
        "runbook_url": "https://wiki.example.com/errors", "description": "", "who": "", "note": "was P1",
        "own_title": "", "own_body": "", "digest": (),
    }  # fmt: skip
    assert message.where == (
        Place(values=(("provider", "a"), ("region", None)), percent=61.5),
        Place(values=(("provider", "b"),), percent=100),
    )


def test_what_explains_it_is_told_in_three_lines_each_with_its_chart() -> None:
    around = "&from=2026-05-01T11%3A00%3A00Z&to=2026-05-01T12%3A30%3A00Z"
    assert [(one.text, one.url) for one in said(HEAD, explain=found).causes] == [
        ("a in (none): 62 % of the rise, error rate 1.00 % → 9.00 %, elsewhere unchanged.",
         f"https://pilot.example.com/explore?m=error_rate{around}"
         "&f=environment%3Aprod&f=provider%3Aa&f=region%3A%5CN"),
        ("Moved first, of 104 series: CPU usage of web-1: 20.0 % → 95.0 %, from 2026-05-01 11:58 UTC on, 9 times "
         "what it usually varies by.",
         f"https://pilot.example.com/explore?m=cpu_usage{around}&f=host%3Aweb-1"),
        ("New about then: 2026-05-01 11:59 UTC, new model gpt-6 (12 events).",
         f"https://pilot.example.com/explore?m=llm_calls{around}&f=model%3Agpt-6"),
    ]  # fmt: skip
    assert (said(HEAD).causes, said(HEAD, explain=nothing).where) == ((), ())


def test_figures_are_asked_for_over_what_breached_and_of_the_events_it_is_about() -> None:
    engine = Knowing((), CATALOG)
    said(HEAD, engine=engine)
    ((metric, window, filters),) = engine.asked
    # The first instant that breached is ten seconds after the end of the minute that it looked at.
    assert (metric, window.start, window.end) == (
        "error_rate",
        at(-6) - timedelta(seconds=10),
        at(3) + timedelta(seconds=4),
    )
    assert filters == (
        Filter(dimension="environment", values=("prod",)),
        Filter(dimension="endpoint", values=("/chat",)),
    )


def test_the_trace_is_that_of_the_newest_failing_event_that_is_of_one() -> None:
    engine = Knowing((), CATALOG)
    said(HEAD, engine=engine)
    ((*_, traced),) = engine.sought
    assert traced == Filter(dimension="trace_id", operator="not in", values=(None, ""))
    assert said(replace(HEAD, key=key("grown"))).trace_url == ""


def test_changes_are_those_of_the_hour_before() -> None:
    assert said(HEAD).changes == (
        ChangeBefore(at=at(-65), change_type="deployment", name="release", description="New router"),
        ChangeBefore(at=at(-2), change_type="deployment", name=""),
    )


def test_the_picture_has_the_values_that_were_judged_with_the_threshold() -> None:
    picture = said(HEAD).picture
    assert picture is not None
    assert (picture.start, picture.step_seconds, picture.values) == (at(-1), 60, (1.0, None, 6.0, 7.34))
    assert (picture.threshold, picture.unit) == (5, "%")


def test_the_picture_of_what_is_over_is_asked_for() -> None:
    over = resolved("errors{endpoint=/chat}", 0, 9, "P0", since=at(-5), value=1.0)
    figures = row("1x54 9x6", labels={"endpoint": "/chat", "environment": "prod"}, start=at(-51))
    message = said(over, engine=Knowing((figures,), CATALOG), now=at(20), kind="resolved", resolved_at=at(9))
    assert message.picture is not None
    assert message.picture.start == at(-52)
    assert message.picture.values == (None, *(1.0,) * 54, *(9.0,) * 5)


@pytest.mark.parametrize("name", ["burn", "grown"])
def test_no_line_is_drawn_where_what_is_compared_is_another_figure(name: str) -> None:
    picture = said(firing(name, value=20.0, recent=(1.0, 2.0))).picture
    assert picture is not None
    assert picture.threshold is None


@pytest.mark.parametrize(
    ("alert", "text"),
    [
        (firing("errors{endpoint=/chat}", value=7.0, worst=7.0), "7.00 %"),
        (firing("errors{endpoint=/chat}", value=None), "no data"),
        (firing("burn", value=14.4), "14.4 × the pace that the error budget allows"),
        (firing("grown", value=61.0), "+61.0 % against 1w earlier"),
        (firing("grown", value=-20.0), "-20.0 % against 1w earlier"),
        (firing("grown", value=61.0, worst=80.0), "+61.0 % against 1w earlier, at worst +80.0 % against 1w earlier"),
        (firing("grown", value=50.0, recent=(1.0, 3.0)), "3, 2 1w earlier (+50 %)"),
        (firing("grown", value=-100.0, recent=(1.0, 0.0)), "-100.0 % against 1w earlier"),
        (firing("state", value=2.0, worst=1.0), "down, at worst slow"),
        (firing("silent", value=0.0), "no data"),
        (firing("both", value=1.0), ""),
        (firing("removed", value=1.0), ""),
        (firing("gone-metric", value=1.0), ""),
    ],
)
def test_a_value_is_written_as_what_was_compared(alert: Alert, text: str) -> None:
    assert said(alert).value_text == text


def test_what_is_over_is_titled_without_its_value_and_says_why_it_ended() -> None:
    over = resolved("errors{endpoint=/chat}", 0, 9, value=1.0, worst=9.0, name="Error rate above 5 %")
    message = said(over, now=at(20), kind="resolved", resolved_at=at(9), resolution="recovered")
    assert (message.title, message.value_text, message.note) == (
        "Error rate above 5 % on /chat", "1.00 %, at worst 9.00 %", "",
    )  # fmt: skip
    assert message.ended_at == at(9)
    removed = said(over, now=at(20), resolved_at=at(9), resolution="the rule was removed", note="a note")
    assert removed.note == "a note. the rule was removed"
    by_hand = said(over, now=at(20), resolved_at=at(9), resolution="resolved by ada: rolled back", who="ada")
    assert (by_hand.who, by_hand.note) == ("ada", "rolled back")


def test_ten_alerts_are_listed_the_head_first() -> None:
    others = [firing(f"errors{{endpoint=/{n}}}", n, "P1", value=float(n)) for n in range(20)]
    gone = resolved("errors{endpoint=/gone}", 0, 9, value=1.0)
    message = said(HEAD, gone, *others)
    assert (len(message.alerts), message.alerts_total) == (10, 22)
    assert [(line.key, line.value_text, line.firing) for line in message.alerts[:3]] == [
        ("errors{endpoint=/chat}", "7.34 %", True),
        ("errors{endpoint=/gone}", "1.00 %", False),
        ("errors{endpoint=/0}", "0.00 %", True),
    ]


def test_the_link_shows_the_hour_around_the_alert_of_the_same_events() -> None:
    url = said(HEAD).dashboard_url
    assert url.startswith(
        "https://pilot.example.com/performance?from=2026-05-01T11%3A03%3A14Z&to=2026-05-01T12%3A03%3A14Z"
    )
    assert url.endswith("&f=environment%3Aprod&f=endpoint%3A%2Fchat")


def test_the_link_shows_all_of_what_has_gone_on_for_long() -> None:
    assert "from=2026-05-01T05%3A57%3A50Z" in said(replace(HEAD, since=at(-360))).dashboard_url


def test_what_cannot_be_had_is_left_out_and_the_message_goes(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        message = said(replace(HEAD, recent=()), engine=Broken((), CATALOG), explain=failing)
    assert (message.users_affected, message.causes, message.changes, message.picture) == (None, (), (), None)
    assert message.title == "Error rate above 5 %: 7.34 % on /chat"
    assert len(caplog.records) == 5


def test_an_incident_of_which_no_alert_is_known_is_told_all_the_same() -> None:
    incident = opened(HEAD, title="Errors on /chat")
    message = compose(Facts("key", "firing", incident, ()), ENGINE, {}, SETTINGS, NOW)
    assert (message.title, message.alerts_total, message.dashboard_url.partition("?")[0]) == (
        "Errors on /chat on /chat", 1, "https://pilot.example.com/",
    )  # fmt: skip


def test_a_digest_holds_a_message_of_every_incident_and_asks_nothing() -> None:
    engine = Knowing((), CATALOG)
    cost = firing("grown", -60, "P3", value=61.0, name="Grown")
    over = resolved("burn", 0, 9, "P3", value=0.0, name="Burn")
    parts = (
        Facts("key", "digest", opened(cost), (cost,)),
        Facts("key", "digest", opened(over, resolved_at=at(9)), (over,)),
    )
    message = compose(Facts("key", "digest", parts[0].incident, (), others=parts), engine, RULES, SETTINGS, NOW)
    assert (message.kind, message.title) == ("digest", "2 incidents of low priority, 1 of them over")
    assert [(one.kind, one.title) for one in message.digest] == [
        ("firing", "Grown: +61.0 % against 1w earlier"),
        ("resolved", "Burn"),
    ]
    assert engine.asked == []


def test_of_a_planted_incident_the_message_names_what_is_behind_it(
    simulated_home: Path, simulated_events: Path
) -> None:
    truth = json.loads((simulated_events / "truth.json").read_text(encoding="utf-8"))
    burst = next(one for one in truth["incidents"] if one["name"] == "error-burst-0")
    start, end = (datetime.fromisoformat(burst[name]) for name in ("start", "end"))
    settings = Settings(home=simulated_home)
    alert = replace(HEAD, key=key("burst"), since=start, fired_at=start + timedelta(minutes=5), recent=())
    rules = {"burst": rule("burst", "P0", metric="error_rate")}
    facts = Facts("key", "firing", opened(alert), (alert,))
    message = compose(facts, Engine(settings), rules, settings, end, Explainer())
    assert set(burst["affects"].items()) <= {value for place in message.where for value in place.values}
    assert all(value in message.causes[0].text for value in burst["affects"].values())
    assert burst["name"] in [change.name for change in message.changes]
    assert (message.requests_affected or 0) > 0
    assert message.picture is not None
    assert len(message.picture.values) == 60
