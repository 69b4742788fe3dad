"""The Alerts page over real databases and rule files: what fires, what is done about it, what was, and what watches."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextArea

from alerts.incidents import Status, Step
from alerts.judging import Key
from alerts.policy import only
from alerts.rules import Priority
from alerts.store import Store
from app import heartbeat, source
from app.access import UNKNOWN
from app.source import Source
from metrics.engine import Engine
from metrics.settings import Access, Settings
from tests.app.incidents import (
    CHAT,
    COST,
    FALLING,
    RULES,
    SLOW,
    SLOWNESS,
    SPENDING,
    alert,
    filled,
    incident,
    keep,
    opened,
    watched,
)
from tests.app.pages.conftest import MAIN
from tests.app.pages.test_pages import HOSTILE, charts, sound
from tests.app.pages.test_pages import texts as written
from tests.conftest import SIMULATED_END
from tests.patience import TIMEOUT

NOW = SIMULATED_END + timedelta(minutes=3)
ADA = {
    "is_logged_in": True, "email": "ada@example.com", "email_verified": True, "iat": NOW.timestamp() - 60,
}  # fmt: skip
_OUT = {"is_logged_in": False}
EVERYBODY = Access(operators=("*",))
LOOKING = Access(viewers=("*",), operators=("bob@example.com",), editors=("bob@example.com",))
Shown = Callable[..., AppTest]


@pytest.fixture
def shown(simulated_home: Path, tmp_path: Path) -> Iterator[Shown]:
    """The page over simulated events, with the alerts and rules of a home of its own."""

    def run(user: dict[str, object] | None = None, access: Access | None = None, **params: str) -> AppTest:
        settings = Settings(home=tmp_path).model_copy(update={"access": access or Access()})
        made = Source(Engine(Settings(home=simulated_home)), settings, now=lambda: NOW)
        source.connect_through(lambda: made)
        test = AppTest.from_file(MAIN, default_timeout=TIMEOUT)
        if user:
            test.user = user
        for key, value in params.items():
            test.query_params[key] = value
        return test.switch_page("../pages/alerts.py").run()

    yield run
    source.connect_through(None)


def texts(test: AppTest) -> str:
    """What the page says, as it is read."""
    labels = [*test.button, *test.expander]
    said = written(test) + "\n".join(one.label for one in labels)
    return said.replace("\\", "").replace("\N{WORD JOINER}", "")


def press(test: AppTest, key: str) -> AppTest:
    test.button(key=key).click()
    return test.run()


def tables(test: AppTest) -> dict[str, pl.DataFrame]:
    """The tables of the page by their text alternatives, as far as a colon or comma."""
    named = ((table.proto.alt, pl.from_pandas(table.value)) for table in test.dataframe)  # pyright: ignore
    return {alt.split(":")[0].split(",")[0]: frame for alt, frame in named}


def titles(test: AppTest) -> list[str]:
    """The incidents on cards, in order."""
    bold = [one.value.replace("\\", "") for one in test.markdown if one.value.startswith("**")]
    return [text.strip("*") for text in bold]


def kept(home: Path) -> Store:
    return Store.of(Settings(home=home))


# Nothing


def test_a_home_without_a_database_says_that_nobody_watches_and_what_to_do(shown: Shown) -> None:
    test = shown()
    sound(test)
    assert "Nothing is known to fire" in texts(test)
    assert "Nobody watches" in test.warning[0].value
    assert "promptpilot up" in test.warning[0].value


def test_all_is_quiet_only_while_somebody_watches(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    watched(tmp_path, NOW)
    test = shown()
    sound(test)
    assert "All quiet" in texts(test)
    assert "3 rules watch, and nothing fires" in texts(test)
    assert [one.value for one in test.metric][:4] == ["0"] * 4


def test_quiet_says_since_when(shown: Shown, tmp_path: Path) -> None:
    begun = NOW - timedelta(hours=3)
    one = incident(FALLING, CHAT, Priority.P0, "Gone", begun, firing=(), resolved_at=begun + timedelta(hours=1))
    keep(opened(tmp_path), [one], [alert(one, ended=one.resolved_at)])
    watched(tmp_path, NOW)
    assert "All quiet since 03 May 22:03" in texts(shown())


@pytest.mark.parametrize(
    ("finished", "error", "said"),
    [
        (timedelta(minutes=2), None, "Alerts were last evaluated 2 min ago"),
        (timedelta(0), "OperationalError: <b>disk</b> full", "Evaluating alerts fails: OperationalError: <b>disk</b>"),
    ],
)
def test_an_evaluation_that_is_late_or_fails_is_said_in_red(
    shown: Shown, tmp_path: Path, finished: timedelta, error: str | None, said: str
) -> None:
    opened(tmp_path)
    watched(tmp_path, NOW, finished=NOW - finished, error=error)
    test = shown()
    assert said in "".join(one.value for one in test.warning).replace("\\", "").replace("**]", "")
    assert "All quiet" not in texts(test)


def test_alerts_that_are_turned_off_say_so(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / "settings.yaml").write_text("alerts: {enabled: false}\n")
    watched(tmp_path, NOW)
    assert "Alerts are turned off" in shown().warning[0].value


# Now


def test_the_worst_incident_stands_first_with_value_threshold_and_since_when(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown()
    sound(test)
    assert titles(test)[:3] == [
        "Errors by endpoint: 7.3 % on /api/v1/chat",
        "Slow responses: 1.21 s",
        "Cost an hour: $51",
    ]
    counts = {
        one.label.split("P")[-1][0]: one.value for one in test.metric if "-badge[" in one.label and "P" in one.label
    }
    assert counts == {"0": "1", "1": "1", "2": "1", "3": "0"}
    tiles = {one.label: one for one in test.metric}
    assert (tiles["Error rate"].value, tiles["Error rate"].delta.replace("\\", "")) == ("7.30 %", "> 5 % for 1h")
    said = texts(test)
    assert "For 17 min, since 03 May 23:46 · endpoint: /api/v1/chat · worst 8.76 % · 1 more alert under it" in said
    assert "told slack:#incidents, first at 03 May 23:51, escalated 1 ×; pagerduty not told yet" in said
    assert "acknowledged by ada 40 min ago" in said
    assert "silenced until 02:03 by bob: new price table" in said
    assert [alt.split(":")[0] for alt in charts(test)].count("Error rate, newest values") == 1
    assert all("Threshold: > " in alt for alt in charts(test))


def test_what_fires_and_is_well_again_says_until_when(shown: Shown, tmp_path: Path) -> None:
    with filled(tmp_path, NOW).writing() as repository:
        chat = repository.instances()[CHAT]
        repository.save_instances([replace(chat, value=0.1, recovering_since=NOW - timedelta(minutes=2))])
    rules = tmp_path / "alerts" / "own.yaml"
    rules.write_text(rules.read_text().replace("duration: 1h}", "duration: 1h, recover_for: 5m}"))
    assert "recovering since 00:01, over once that has held for 5 min" in texts(shown())


def test_who_watches_and_what_was_told_are_tiles(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    watched(tmp_path, NOW, finished=NOW - timedelta(seconds=4))
    tiles = {one.label.rpartition(" ")[2].strip("]"): one for one in shown().metric}
    assert tiles["Watching"].value == "4 s ago"
    assert tiles["Watching"].proto.delta_description == "evaluated, 3 rules"
    assert tiles["Messages"].value == "1"
    assert tiles["Messages"].proto.delta_description == "1 given up"


def test_what_is_about_to_fire_stands_below(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    (row,) = tables(shown())["About to fire"].to_dicts()
    assert (row["Rule"], row["Where"], row["Value"]) == ("Errors by endpoint", "endpoint: /api/v1/prompts", "5.50 %")


def test_an_incident_is_acknowledged_in_the_name_of_the_login(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = press(shown(user=ADA, access=EVERYBODY), f"acknowledge-{FALLING}")
    sound(test)
    with kept(tmp_path).reading() as repository:
        found = repository.incident(FALLING)
    assert found and (found.status, found.acknowledged_by) == (Status.ACKNOWLEDGED, "ada@example.com")
    assert f"acknowledge-{FALLING}" not in [one.key for one in test.button]
    assert "acknowledged by ada@example.com" in test.toast[0].value.replace("\\", "").replace("\N{WORD JOINER}", "")


def test_without_a_login_everybody_may_and_nobody_is_named(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    press(shown(), f"acknowledge-{FALLING}")
    with kept(tmp_path).reading() as repository:
        found = repository.incident(FALLING)
    assert found and found.acknowledged_by == UNKNOWN


def test_who_may_not_sees_disabled_buttons_with_the_reason(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown(user=ADA, access=LOOKING)
    buttons = [one for one in test.button if (one.key or "").endswith(FALLING) and one.label != "Details"]
    assert [one.label for one in buttons] == ["Acknowledge", "Silence…", "Resolve…"]
    assert all(one.disabled for one in buttons)
    assert all("access.operators in settings.yaml names who may" in one.help.replace("\\", "") for one in buttons)


@pytest.mark.parametrize("params", [{}, {"incident": FALLING}])
@pytest.mark.parametrize(("user", "said"), [(_OUT, "Log in to look"), (ADA, "has no role here and may not look")])
def test_who_may_not_look_sees_nothing_but_why(
    shown: Shown, tmp_path: Path, user: dict[str, object], said: str, params: dict[str, str]
) -> None:
    filled(tmp_path, NOW)
    test = shown(user=user, access=Access(operators=("bob@example.com",)), **params)
    assert [said in one.value.replace("\\", "") for one in test.error] == [True]
    assert not [*test.button, *test.markdown, *test.title, *test.metric]


def test_who_is_logged_in_sees_as_whom_and_the_way_out(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    offered = [[one.key for one in shown(user=user, access=EVERYBODY).button].count("log-out") for user in ({}, ADA)]
    assert offered == [0, 1]
    assert "Role: operator" in [one.value for one in shown(user=ADA, access=EVERYBODY).caption]


def test_a_button_that_a_browser_is_made_to_press_all_the_same_does_nothing(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    shown(access=LOOKING)

    def pressed() -> None:
        from app.access import Act
        from app.components.alerting import acting
        from app.queries import acting as acts

        acting.do(Act.OPERATE, acts.acknowledge, "f" * 12)

    test = AppTest.from_function(pressed)
    test.user = ADA
    assert not test.run().exception
    assert test.session_state["alert-said"][1].startswith(
        "Not done: ada@example.com has the role viewer and may not acknowledge"
    )
    with kept(tmp_path).reading() as repository:
        found = repository.incident(FALLING)
    assert found and found.status is Status.OPEN


def test_silencing_asks_for_how_long_what_and_why(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = press(shown(), f"silence-{FALLING}")
    assert test.button(key="confirm-silence").disabled
    test.segmented_control(key="silence-length").set_value("4 h")
    test.text_input(key="act-reason").set_value("provider is on it")
    test.run()
    press(test, "confirm-silence")
    sound(test)
    with kept(tmp_path).reading() as repository:
        (made,) = (one for one in repository.silences(NOW) if one.id != "quiet")
    assert made.matchers == only(CHAT)
    assert (made.start, made.end, made.reason) == (NOW, NOW + timedelta(hours=4), "provider is on it")
    assert "silenced until 04:03" in texts(test)
    assert not [one for one in test.button if one.key == "confirm-silence"]


def test_resolving_asks_why_and_takes_the_card_away(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = press(shown(), f"resolve-{SLOWNESS}")
    test.text_input(key="act-reason").set_value("rolled back")
    test.run()
    press(test, "confirm-resolve")
    sound(test)
    assert "Slow responses: 1.21 s" not in titles(test)
    with kept(tmp_path).reading() as repository:
        found = repository.incident(SLOWNESS)
    assert found and found.resolution == f"resolved by {UNKNOWN}: rolled back"
    press(shown(incident=SLOWNESS), f"false-alert-{SLOWNESS}")
    with kept(tmp_path).reading() as repository:
        found = repository.incident(SLOWNESS)
    assert found and found.was_false


def test_a_storm_is_shown_in_part_and_that_is_said(shown: Shown, tmp_path: Path) -> None:
    keys = [Key(CHAT.rule, (("endpoint", f"/{number}"),)) for number in range(60)]
    storm = [
        incident(f"storm{number:07d}", key, Priority.P1, f"Storm {number}", NOW - timedelta(minutes=number))
        for number, key in enumerate(keys)
    ]
    keep(opened(tmp_path), storm, [alert(one) for one in storm])
    watched(tmp_path, NOW)
    test = shown()
    sound(test)
    assert len(titles(test)) == 20
    assert "40 more incidents" in texts(test)


def test_a_message_that_was_given_up_is_tried_again(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown()
    assert "A message was given up" in texts(test)
    assert "email:oncall@example.com firing, 03 May 23:33, after 0 tries: 550 no such mailbox" in texts(test).replace(
        "*", ""
    )
    press(test, f"again-{blake2b(b'dead-1', digest_size=6).hexdigest()}")
    sound(test)
    with kept(tmp_path).reading() as repository:
        assert repository.dead_letters() == ()
        assert repository.waiting()[0] == 1


def test_what_is_wrong_with_a_rule_file_is_said_with_file_and_line(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / "alerts" / "bad.yaml").write_text("- id: x\n  name: X\n  priority: P9\n")
    watched(tmp_path, NOW)
    warnings = "\n".join(one.value for one in shown().warning).replace("\\", "")
    assert "alerts/bad.yaml, line 3: priority" in warnings


# One incident


def test_a_link_opens_an_incident_in_full(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown(incident=FALLING)
    sound(test)
    said = texts(test)
    kinds = ["breach", "pending", "firing", "told", "joined", "escalated", "failed"]
    places = [said.index(f"**{kind}**") for kind in kinds]
    assert places == sorted(places)
    assert tables(test)["Alerts of the incident"]["Where"].to_list() == [
        "endpoint: /api/v1/chat",
        "endpoint: /api/v1/prompts",
    ]
    press(test, "close-incident")
    assert "incident" not in test.query_params
    assert len(titles(test)) >= 3


def test_the_course_of_an_incident_has_threshold_and_spans(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    (alt,) = (alt for alt in charts(shown(incident=SLOWNESS)) if alt.startswith("Response time P95 over time: "))
    assert "Threshold: > 100 ms. Firing 1 times." in alt


def test_an_incident_says_what_to_do_who_is_hit_and_what_was_like_it_before(shown: Shown, tmp_path: Path) -> None:
    rules = RULES.replace("  runbook:", "  description: Roll the last release back.\n  runbook:")
    filled(tmp_path, NOW)
    (tmp_path / "alerts" / "own.yaml").write_text(rules, encoding="utf-8")
    test = shown(incident=FALLING)
    sound(test)
    said = texts(test)
    assert "Roll the last release back." in said
    assert {"Users", "Events"} <= {one.label for one in test.metric}
    assert "3 min: " in said
    assert "Error rate: " in said
    assert any("series were tried" in one.value for one in test.caption)
    (copied,) = test.code
    assert copied.value.startswith("Firing P0: Errors by endpoint")
    assert "What to do first: Roll the last release back." in copied.value
    press(test, next(button.key for button in test.button if (button.key or "").startswith("earlier-")) or "")
    assert test.query_params["incident"].startswith("past")


def test_an_incident_is_explained_in_words_and_pictures_and_as_text(
    shown: Shown, simulated_events: Path, tmp_path: Path
) -> None:
    truth = json.loads((simulated_events / "truth.json").read_text(encoding="utf-8"))
    burst = next(one for one in truth["incidents"] if one["name"] == "error-burst-0")
    start, end = (datetime.fromisoformat(burst[name]) for name in ("start", "end"))
    key = Key("errors")
    one = incident(FALLING, key, Priority.P0, "Errors", start, firing=(), resolved_at=end)
    rules = "[{id: errors, name: Errors, priority: P0, metric: error_rate, condition: {operator: '>', threshold: 5}}]"
    keep(opened(tmp_path, rules), [one], [alert(one, ended=end)])
    test = shown(incident=FALLING)
    sound(test)
    place = " in ".join(burst["affects"].values())
    (where,) = [one.value for one in test.markdown if "of the rise, error rate" in one.value.replace("\\", "")]
    assert all(value in where.replace("\\", "") for value in burst["affects"].values()), place
    assert burst["name"] in texts(test)
    drawn = charts(test)
    assert any(alt.startswith("Error rate by place, 2.") for alt in drawn), drawn
    (copied,) = [one.value for one in test.code]
    explained = copied.partition("What explains it:\n- ")[2].splitlines()
    assert "of the rise, error rate" in explained[0]
    assert "/explore?m=error_rate&from=" in explained[1]


def test_a_note_is_written_into_the_timeline(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown(ADA, EVERYBODY, incident=FALLING)
    test.text_input("note-text").set_value("rolled back [router](http://h)")
    press(test, next(button.key for button in test.button if button.label == "Note it") or "")
    sound(test)
    assert "rolled back [router](http://h) · ada@example.com" in texts(test)
    with Store.of(Settings(home=tmp_path)).reading() as repository:
        (kept,) = (step for step in repository.timeline(incident=FALLING) if step.kind == "note")
    assert (kept.text, kept.who) == ("rolled back [router](http://h)", "ada@example.com")


def test_details_lead_to_the_incident_and_back_to_the_rule(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = press(shown(), f"details-{SLOWNESS}")
    assert test.query_params["incident"] == SLOWNESS
    press(test, "to-the-rule")
    sound(test)
    assert (test.query_params["show"], test.query_params["rule"]) == ("Rules", SLOW.rule)
    assert "incident" not in test.query_params
    assert rule_yaml(test).startswith("id: slow-responses")


def test_an_incident_that_nobody_knows_is_said_to_be_gone(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown(incident="[x](http://h)")
    assert not test.exception
    assert "No incident [x](http://h) is known" in test.warning[0].value.replace("\\", "").replace(
        "\N{WORD JOINER}", ""
    )


def test_an_incident_whose_rule_is_gone_stands(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    (tmp_path / "alerts" / "own.yaml").unlink()
    test = shown(incident=FALLING)
    sound(test)
    assert "the rule is no longer in force" in texts(test)


def test_hostile_names_stay_text(shown: Shown, tmp_path: Path) -> None:
    key = Key(CHAT.rule, (("endpoint", HOSTILE),))
    one = incident(FALLING, key, Priority.P0, HOSTILE, NOW - timedelta(minutes=3), acknowledged_by=HOSTILE,
                   acknowledged_at=NOW, told=(HOSTILE,), withheld=HOSTILE)  # fmt: skip
    keep(opened(tmp_path), [one], [alert(one)], [Step(NOW, "note", HOSTILE, FALLING, key, HOSTILE)])
    watched(tmp_path, NOW)
    for params in ({}, {"incident": FALLING}, {"show": "History"}, {"show": "Rules"}):
        test = shown(**params)
        sound(test)
        assert "](http" not in written(test)


# History


def test_history_has_mtta_mttr_every_incident_and_noise(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown(show="History", range="7d")
    sound(test)
    tiles = {one.label: (one.value, one.proto.delta_description) for one in test.metric}
    assert tiles == {
        "Incidents": ("15", "9 acknowledged"),
        "MTTA": ("7 min", "median 7 min"),
        "MTTR": ("41 min", "median 30 min"),
    }
    listed = tables(test)["Incidents"]
    assert listed.height == 15
    assert listed.row(0, named=True)["Incident"] == "Errors by endpoint: 7.3 % on /api/v1/chat"
    noise = {row["Rule"]: row for row in tables(test)["Noise of 3 rules"].to_dicts()}
    assert noise["Errors by endpoint"]["Over within 5 min"] == 4
    assert sum(row["Fired"] for row in noise.values()) == 16
    assert len(charts(test)) == 2


def test_a_range_without_incidents_says_so(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="History", range="1h")
    sound(test)
    assert "No incident in this range" in texts(test)
    assert {one.value for one in test.metric} == {"0", "–"}


# Silences


def test_a_silence_is_listed_and_ended(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = shown(show="Silences & maintenance")
    sound(test)
    assert "Cost an hour" in texts(test)
    assert "by bob: new price table" in texts(test)
    assert "Matches now: cost" in texts(test)
    press(test, "end-quiet")
    sound(test)
    with kept(tmp_path).reading() as repository:
        assert repository.silences(NOW) == ()
    assert tables(test)["Silences that have ended"]["What"].to_list() == ["Cost an hour"]


def test_a_maintenance_window_may_lie_ahead_and_be_limited(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Silences & maintenance")
    assert test.button(key="window-add").disabled
    test.selectbox(key="window-rule").set_value(CHAT.rule).run()
    test.text_input(key="window-where").set_value("endpoint=~(").run()
    assert "'(' is no regular expression" in texts(test)
    test.text_input(key="window-where").set_value("endpoint=/api/v1/chat, priority!=P3").run()
    assert "Nothing that fires now is matched." in texts(test)
    test.datetime_input(key="window-from").set_value(NOW.replace(tzinfo=None, hour=10))
    test.datetime_input(key="window-to").set_value(NOW.replace(tzinfo=None, hour=12))
    test.text_input(key="window-reason").set_value("database moves").run()
    press(test, "window-add")
    sound(test)
    with kept(tmp_path).reading() as repository:
        (made,) = repository.silences()
    assert list(map(str, made.matchers)) == [f"rule={CHAT.rule}", "endpoint=/api/v1/chat", "priority!=P3"]
    assert made.reason == "database moves"
    assert (made.start.hour, made.end.hour) == (10, 12)
    assert "planned, begins in 10 h" in texts(test)


def test_maintenance_that_rules_know_of_is_listed(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    (row,) = tables(shown(show="Silences & maintenance"))["Suppressions of rules"].to_dicts()
    assert row["When nobody is told"] == "sun 02:00-04:00 Europe/Berlin"


# Rules


def test_rules_are_listed_with_where_they_stand_and_come_from(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    rows = tables(shown(show="Rules"))["Rules"]
    assert dict(zip(rows["Id"], rows["State"], strict=True)) == {
        CHAT.rule: "▲ firing", SLOW.rule: "▲ firing", COST.rule: "▲ firing"
    }  # fmt: skip
    assert set(rows["Origin"]) == {"own"}
    assert rows["Fires"][0] == "Error rate > 5 % for 1h"


def test_on_a_holiday_rules_that_judge_nothing_to_be_too_little_say_so(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    (tmp_path / "settings.yaml").write_text(
        f"alerts: {{shipped_rules: false}}\nholidays: [{{date: {NOW:%Y-%m-%d}, name: Founders' day}}]\n", "utf-8"
    )
    (tmp_path / "alerts.yaml").write_text(
        "- {id: silence, name: Silence, priority: P1, metric: requests, condition: {kind: absent, expected: 20}}\n"
        "- {id: busy, name: Busy, priority: P1, metric: requests, condition: {operator: '>', threshold: 9}}\n", "utf-8"
    )  # fmt: skip
    rows = tables(shown(show="Rules"))["Rules"]
    states = dict(zip(rows["Id"], rows["State"], strict=True))
    assert (states["silence"], states["busy"]) == ("– holiday", "✓ ok")
    assert rows.filter(pl.col("Id") == "silence")["Why"].item() == (
        f"a holiday, nothing is too little: {NOW:%Y-%m-%d} (Founders' day)"
    )


def text(test: AppTest) -> TextArea:
    """The rule as text."""
    return next(one for one in test.text_area if one.label == "The same as YAML")


def rule_yaml(test: AppTest) -> str:
    return text(test).value or ""


def test_the_form_changes_the_text_and_the_text_the_form(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Rules", rule=SLOW.rule)
    sound(test)
    test.text_input(key=f"edit-{SLOW.rule}-condition-threshold").set_value("250").run()
    assert 'condition: {operator: ">", threshold: 250}' in rule_yaml(test)
    text(test).set_value(rule_yaml(test).replace("250", "300").replace("P1", "P3")).run()
    assert test.text_input(key=f"edit-{SLOW.rule}-condition-threshold").value == "300"
    assert test.segmented_control(key=f"edit-{SLOW.rule}-priority").value == "P3"
    test.selectbox(key=f"edit-{SLOW.rule}-kind").set_value("dynamic").run()
    assert "kind: dynamic" in rule_yaml(test)
    assert "threshold" not in rule_yaml(test)
    sound(test)


def test_a_text_keeps_its_comments_for_as_long_as_the_form_is_left_alone(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Rules", rule=CHAT.rule)
    assert "window: 1h  # enough events" in rule_yaml(test)


def test_what_is_wrong_is_said_with_its_line_and_cannot_be_saved(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Rules", rule=SLOW.rule)
    text(test).set_value(rule_yaml(test).replace("response_time_p95", "respons_time_p95")).run()
    said = test.error[0].value.replace("\\", "")
    assert "**Line 4** metric: 'respons_time_p95' is no metric; the nearest is 'response_time_p95'" in said
    assert test.button(key=f"save-{SLOW.rule}").disabled
    assert "The preview follows" in texts(test)
    text(test).set_value("id: [").run()
    assert not test.exception
    assert "The form follows once the text is YAML" in texts(test)
    assert test.text_input(key=f"edit-{SLOW.rule}-name").disabled


def test_the_preview_shows_when_the_rule_would_have_fired(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Rules", rule=SLOW.rule)
    before = next(alt for alt in charts(test) if "over time" in alt)
    assert "Threshold: > 100 ms. Firing" in before
    assert "It would have fired" in texts(test)
    test.text_input(key=f"edit-{SLOW.rule}-condition-threshold").set_value("100000").run()
    after = next(alt for alt in charts(test) if "over time" in alt)
    assert "Threshold: > 100000 ms. Never firing." in after


def test_a_rule_is_saved_where_it_stands(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Rules", rule=SLOW.rule)
    assert test.button(key=f"save-{SLOW.rule}").disabled
    test.text_input(key=f"edit-{SLOW.rule}-condition-threshold").set_value("250").run()
    press(test, f"save-{SLOW.rule}")
    sound(test)
    saved = (tmp_path / "alerts" / "own.yaml").read_text()
    assert saved.startswith("# what this home watches\n")
    assert "threshold: 250" in saved
    assert test.button(key=f"save-{SLOW.rule}").disabled


def test_a_new_rule_gets_a_file_of_its_own(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = press(shown(show="Rules"), "rule-new")
    test.text_input(key="edit-new rule-id").set_value("many-requests").run()
    test.selectbox(key="edit-new rule-metric").set_value("requests").run()
    test.multiselect(key="edit-new rule-by").set_value(["region"]).run()
    test.selectbox(key="edit-new rule-where-add-0").set_value("environment").run()
    press(test, "save-new rule")
    sound(test)
    text = (tmp_path / "alerts" / "many-requests.yaml").read_text()
    assert "by: [region]" in text
    assert "environment:" in text
    assert test.query_params["rule"] == "many-requests"


def test_changes_are_discarded(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(show="Rules", rule=SLOW.rule)
    test.text_input(key=f"edit-{SLOW.rule}-name").set_value("Another").run()
    press(test, f"discard-{SLOW.rule}")
    assert "name: Slow responses" in rule_yaml(test)


def test_a_rule_is_turned_off_and_deleted(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = press(shown(show="Rules", rule=SLOW.rule), f"switch-{SLOW.rule}")
    sound(test)
    assert "enabled: false" in rule_yaml(test)
    assert dict(tables(test)["Rules"].select("Id", "State").iter_rows())[SLOW.rule] == "– off"
    press(test, f"remove-{SLOW.rule}")
    sound(test)
    assert SLOW.rule not in (tmp_path / "alerts" / "own.yaml").read_text()


def test_who_may_not_edit_sees_a_form_that_is_disabled(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    test = shown(user=ADA, access=LOOKING, show="Rules", rule=SLOW.rule)
    assert text(test).disabled
    assert test.text_input(key=f"edit-{SLOW.rule}-name").disabled
    for key in (f"save-{SLOW.rule}", f"switch-{SLOW.rule}", "rule-new"):
        assert test.button(key=key).disabled


def test_a_rule_that_is_not_there_is_said_to_be_gone(shown: Shown, tmp_path: Path) -> None:
    opened(tmp_path)
    assert "There is no rule gone" in shown(show="Rules", rule="gone").warning[0].value


@pytest.mark.parametrize(
    ("evaluated", "said"),
    [
        (None, "Nothing is known to fire"),
        (timedelta(minutes=2), "Nothing is known to fire"),
        (timedelta(seconds=5), "rules watch the demo data, and nothing fires"),
    ],
)
def test_of_the_demo_it_is_said_that_nobody_is_told_and_whether_it_is_quiet(
    simulated_home: Path, tmp_path: Path, evaluated: timedelta | None, said: str
) -> None:
    if evaluated:
        watched(tmp_path, NOW, finished=NOW - evaluated, job=heartbeat.DEMO_EVALUATE)
    made = Source(Engine(Settings(home=simulated_home)), Settings(home=simulated_home), True, lambda: NOW, own=tmp_path)
    source.connect_through(lambda: made)
    test = AppTest.from_file(MAIN, default_timeout=TIMEOUT).switch_page("../pages/alerts.py").run()
    source.connect_through(None)
    sound(test)
    assert "These are alerts of the demo data" in texts(test)
    assert said in texts(test)
    assert SPENDING not in texts(test)


def test_a_threshold_is_tried_beside_a_band_which_can_take_its_place(shown: Shown, tmp_path: Path) -> None:
    filled(tmp_path, NOW)
    test = press(shown(show="Rules", rule=SLOW.rule), "backtest")
    sound(test)
    assert not any("A week" in table.columns for table in tables(test).values())
    test.toggle(key="backtest-against").set_value(True).run()
    sound(test)
    beside = tables(test)["The rule beside itself with a band"]
    assert beside["Rule"].to_list() == ["This rule", "Dynamic"]
    assert beside["Incidents found"].to_list()[0] == "10 of 10"  # nine recorded, one acknowledged
    assert "The band had something to judge by for" in texts(test).replace("The threshold", "The band")
    press(test, "backtest-take-over")
    sound(test)
    assert "kind: dynamic" in rule_yaml(test)
    assert "direction: up" in rule_yaml(test)
    assert "The rule has changed since: run it again." in texts(test)
