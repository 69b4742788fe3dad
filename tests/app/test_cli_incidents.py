"""`promptpilot alerts incidents`, `ack`, `resolve` and `silence`: what a person on call types."""

import getpass
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from alerts.incidents import Incident, Step
from alerts.rules import Priority
from alerts.store import Store
from alerts.store.database import FILE_NAME
from app.commands.alerts import ack, incidents, resolve, silence
from app.commands.outcome import Exit, Stop
from metrics.settings import Settings
from tests.alerts.known import NOON, RULE, alert, incident, instance, key

Run = Callable[..., str]
OPEN = incident(key("/chat"), key(None), told=("slack:#incidents",))
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
OVER = incident(
    key("/old"), priority=Priority.P2, title="Slow", opened_at=LONG_AGO, resolved_at=LONG_AGO, resolution="recovered"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with an incident that is open, and one that is over."""
    store = Store.of(Settings(home=tmp_path))
    with store.writing() as repository:
        repository.save_incidents([OPEN, OVER])
        repository.save_alerts([alert(one, incident=OPEN.id) for one in OPEN.members])
        repository.save_instances([instance(one) for one in OPEN.members])
        repository.record([Step(NOON, "firing", "Error rate fires", OPEN.id, key("/chat"))])
        repository.set_evaluated({RULE: NOON})
    store.close()
    return tmp_path


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Runs a command; what it prints."""
    commands = typer.Typer()
    for command in (incidents.incidents, ack.ack, resolve.resolve, silence.silence):
        commands.command()(command)

    def run_one(*arguments: object, warned: str = "") -> str:
        capsysbinary.readouterr()
        commands([str(argument) for argument in arguments], standalone_mode=False)
        written = capsysbinary.readouterr()
        assert warned in written.err.decode()
        return written.out.decode()

    return run_one


def as_stored(home: Path) -> Incident:
    store = Store.of(Settings(home=home))
    with store.reading() as repository:
        found = repository.incident(OPEN.id)
    store.close()
    assert found is not None
    return found


def test_open_incidents_are_listed_and_all_when_asked_for(home: Path, run: Run) -> None:
    listed = run("incidents", "--home", home)
    assert OPEN.id in listed
    assert "2 of 2" in listed
    assert OPEN.title in listed
    assert OVER.id not in listed
    assert OVER.id in run("incidents", "--home", home, "--all")
    found = json.loads(run("incidents", "--home", home, "--all", "--json"))
    assert [(one["id"], one["status"], one["resolution"], one["labels"]) for one in found] == [
        (OPEN.id, "open", "", {"endpoint": "/chat"}),
        (OVER.id, "resolved", "recovered", {"endpoint": "/old"}),
    ]


def test_incidents_that_were_open_lately_are_listed_by_a_length_of_time(home: Path, run: Run) -> None:
    assert OVER.id in run("incidents", "--home", home, "--last", "9000w")
    assert OVER.id not in run("incidents", "--home", home, "--last", "1h")


def test_an_incident_is_shown_with_everything_that_happened_to_it(home: Path, run: Run) -> None:
    shown = run("incidents", OPEN.id, "--home", home)
    assert OPEN.title in shown
    assert "error-rate-p0{endpoint=(none)}" in shown
    assert "  2026-05-01 12:00:00 UTC  Error rate fires" in shown
    found = json.loads(run("incidents", OPEN.id, "--home", home, "--json"))
    assert {one["alert"] for one in found["alerts"]} == {str(one) for one in OPEN.members}
    assert {one["fired_at"] for one in found["alerts"]} == {"2026-05-01T12:00:00Z"}
    assert found["timeline"] == [
        {"at": "2026-05-01T12:00:00Z", "kind": "firing", "text": "Error rate fires", "who": "",
         "alert": "error-rate-p0{endpoint=/chat}"}
    ]  # fmt: skip
    assert found["messages"] == []


def test_an_incident_is_acknowledged_and_resolved_by_who_is_named(home: Path, run: Run) -> None:
    assert run("ack", OPEN.id, "--by", "ada", "--home", home) == f"{OPEN.title}: acknowledged by ada\n"
    assert "acknowledged by ada at" in run("ack", OPEN.id, "--by", "grace", "--home", home)
    said = run("resolve", OPEN.id, "--by", "ada", "--why", "rolled back", "--home", home)
    assert said == f"{OPEN.title}: resolved by ada: rolled back\n"
    assert as_stored(home).resolution == "resolved by ada: rolled back"
    assert run("resolve", OPEN.id, "--false", "--by", "ada", "--home", home).endswith("a false alert, says ada\n")
    assert as_stored(home).resolution == "false alert, resolved by ada: rolled back"
    assert run("incidents", "--home", home) == "no open incident\n"
    messages = json.loads(run("incidents", OPEN.id, "--home", home, "--json"))["messages"]
    assert [(one["target"], one["kind"], one["status"]) for one in messages] == [
        ("slack:#incidents", "acknowledged", "waiting"),
        ("slack:#incidents", "resolved", "waiting"),
    ]


def test_who_is_logged_in_does_it_unless_somebody_is_named(home: Path, run: Run) -> None:
    run("ack", OPEN.id, "--home", home)
    assert as_stored(home).acknowledged_by == getpass.getuser()


@pytest.mark.parametrize("command", [("ack",), ("resolve",), ("incidents",)])
def test_an_id_that_is_none_is_answered_with_the_nearest(home: Path, run: Run, command: tuple[str]) -> None:
    with pytest.raises(Stop, match=f"unknown incident '{OPEN.id[:-1]}': did you mean {OPEN.id}") as stop:
        run(*command, OPEN.id[:-1], "--home", home)
    assert stop.value.code is Exit.WRONG_USE


def test_a_rule_is_silenced_for_a_while_and_the_silence_ended(home: Path, run: Run) -> None:
    asked = (RULE, "endpoint=/chat", "--for", "2h", "--why", "deploy", "--by", "ada")
    made = json.loads(run("silence", *asked, "--home", home, "--json"))
    matchers = [f"rule={RULE}", "endpoint=/chat"]
    assert (made["matchers"], made["why"], made["who"]) == (matchers, "deploy", "ada")
    assert made["matches"] == [f"{RULE}{{endpoint=/chat}}"]
    assert datetime.fromisoformat(made["end"]) - datetime.fromisoformat(made["start"]) == timedelta(hours=2)
    assert json.loads(run("silence", "--list", "--home", home, "--json")) == [made]
    assert "endpoint=/chat" in run("silence", "--list", "--home", home)
    assert run("silence", "--end", made["id"], "--home", home) == f"silence {made['id']} ended\n"
    assert run("silence", "--list", "--home", home) == "no silence\n"
    with pytest.raises(Stop, match=f"no silence '{made['id']}'"):
        run("silence", "--end", made["id"], "--home", home)


def test_a_silence_may_come_before_the_first_alert_and_be_for_everything(tmp_path: Path, run: Run) -> None:
    run("silence", "--all", "--until", "2999-01-01T00:00", "--home", tmp_path)
    (made,) = json.loads(run("silence", "--list", "--home", tmp_path, "--json"))
    assert (made["matchers"], made["end"]) == ([], "2999-01-01T00:00:00Z")


def test_a_rule_that_nobody_knows_is_silenced_with_a_warning(home: Path, run: Run) -> None:
    run("silence", f"{RULE}0", "--for", "1h", "--home", home, warned=f"the nearest is '{RULE}'")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--for", "2h"), "name what is to be silent"),
        ((RULE, "--all", "--for", "2h"), "name what is to be silent"),
        ((RULE,), "say how long"),
        ((RULE, "--for", "2h", "--until", "2999-01-01"), "say how long"),
        ((RULE, "--for", "soon"), "'soon' is no length of time"),
        ((RULE, "--until", "2001-01-01"), "must end after it starts and after now"),
        (("=/chat", "--for", "2h"), "'=/chat' is no matcher; expected such as"),
        (("endpoint=~(", "--for", "2h"), r"'\(' is no regular expression"),
    ],
)
def test_a_silence_that_cannot_be_says_what_is_expected(
    home: Path, run: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(Stop, match=sentence):
        run("silence", *arguments, "--home", home)
    assert run("silence", "--list", "--home", home) == "no silence\n"


def test_a_home_without_alerts_is_left_as_it_is(tmp_path: Path, run: Run) -> None:
    assert run("incidents", "--home", tmp_path) == "no open incident\n"
    assert run("incidents", "--all", "--json", "--home", tmp_path) == "[]\n"
    assert run("silence", "--list", "--home", tmp_path) == "no silence\n"
    with pytest.raises(Stop, match=r"no alert was evaluated in .* so far: promptpilot up does that"):
        run("ack", OPEN.id, "--home", tmp_path)
    assert not (tmp_path / FILE_NAME).exists()
