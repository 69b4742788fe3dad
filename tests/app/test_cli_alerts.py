"""`promptpilot alerts`: check, list, schema."""

from pathlib import Path
from xml.etree.ElementTree import parse

import pytest
import yaml
from jsonschema import Draft7Validator

from app.commands.alerts import COMMANDS
from metrics.catalog import METRICS
from tests.alerts.rules.test_reading import GOOD, SLOW
from tests.app.command_line import CommandLine, command_line


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "settings.yaml").write_text("alerts: {shipped_rules: false}\n", encoding="utf-8")
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "errors.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "alerts" / "slow.yaml").write_text(SLOW, encoding="utf-8")
    return tmp_path


def break_it(home: Path) -> None:
    (home / "alerts" / "errors.yaml").write_text(GOOD.replace("error_rate\n", "eror_rate\n"), encoding="utf-8")


def test_rules_that_can_be_used_end_well(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("alerts", "check", "--home", home)
    assert (ended.code, ended.text) == (0, "2 rules in files and 0 that ship can be used; no problem\n")


def test_a_problem_is_told_by_file_line_and_key(promptpilot: CommandLine, home: Path) -> None:
    break_it(home)
    ended = promptpilot("alerts", "check", "--home", home)
    sentence = "alerts/errors.yaml, line 5: metric: 'eror_rate' is no metric; the nearest is 'error_rate'"
    assert ended.code == 1
    assert ended.text.splitlines() == [sentence, "1 rule in files and 0 that ship can be used; 1 problem"]
    assert promptpilot("alerts", "check", "--json", "--home", home).json == {
        "rules": 1,
        "enabled": 1,
        "problems": [
            {
                "file": "alerts/errors.yaml",
                "line": 5,
                "key": "metric",
                "problem": "'eror_rate' is no metric; the nearest is 'error_rate'",
            }
        ],
    }


def test_files_are_checked_before_they_are_put_into_the_home(
    promptpilot: CommandLine, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mine = tmp_path_factory.mktemp("mine") / "new.yaml"
    mine.write_text(SLOW, encoding="utf-8")
    assert promptpilot("alerts", "check", mine, "--home", home).code == 0
    mine.write_text(SLOW.replace("1000", "down"), encoding="utf-8")
    ended = promptpilot("alerts", "check", mine, "--home", home)
    assert (ended.code, ended.text.splitlines()[0]) == (
        1,
        f"{mine}, line 5: condition: a text is compared by ==, != or contains, not by >",
    )


def test_a_file_that_cannot_be_read_is_wrong_use(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("alerts", "check", home / "nothing.yaml", "--home", home)
    assert ended.code == 2
    assert "nothing.yaml: cannot be read: No such file" in ended.err


def test_the_rules_that_ship_have_no_problem(promptpilot: CommandLine, tmp_path: Path) -> None:
    ended = promptpilot("alerts", "check", "--json", "--home", tmp_path)
    assert (ended.code, ended.json["problems"]) == (0, [])


def test_the_list_says_what_is_watched_who_is_told_and_where_it_is_written(
    promptpilot: CommandLine, home: Path
) -> None:
    listed = promptpilot("alerts", "list", "--json", "--home", home).json
    assert listed == [
        {
            "rule": "error-rate-p0",
            "name": "Error rate above 5 %",
            "priority": "P0",
            "what": "error_rate > 5 %",
            "by": ["endpoint"],
            "where": {"environment": "prod"},
            "window": "1m",
            "for": "5m",
            "channels": ["slack", "pagerduty"],
            "origin": "alerts/errors.yaml, line 2",
            "enabled": True,
        },
        {
            "rule": "slow",
            "name": "Slow",
            "priority": "P1",
            "what": "response_time_p95 > 1000 ms",
            "by": [],
            "where": {},
            "window": "1m",
            "for": "0s",
            "channels": ["slack", "email"],
            "origin": "alerts/slow.yaml, line 1",
            "enabled": True,
        },
    ]
    text = promptpilot("alerts", "list", "--home", home).text
    assert "error_rate > 5 % by endpoint, environment=prod" in text
    assert "slack, pagerduty" in text


def test_the_list_says_that_something_is_wrong(promptpilot: CommandLine, home: Path) -> None:
    break_it(home)
    ended = promptpilot("alerts", "list", "--json", "--home", home)
    assert ([one["rule"] for one in ended.json], ended.code) == (["slow"], 0)
    assert "promptpilot alerts check says what" in ended.err


def test_the_schema_knows_the_metrics_of_the_home(promptpilot: CommandLine, home: Path) -> None:
    (home / "metrics.yaml").write_text("- {name: mine, event: request, sql: count(*)}\n", encoding="utf-8")
    out = home / "alerts.schema.json"
    ended = promptpilot("alerts", "schema", "--out", out, "--home", home)
    assert (ended.code, "# yaml-language-server: $schema=alerts.schema.json" in ended.text) == (0, True)
    printed = promptpilot("alerts", "schema", "--home", home)
    assert printed.json == yaml.safe_load(out.read_text(encoding="utf-8"))
    assert printed.json["$defs"]["AlertRule"]["properties"]["metric"]["enum"] == [*METRICS, "mine"]
    assert list(Draft7Validator(printed.json).iter_errors(yaml.safe_load(GOOD.replace("error_rate\n", "mine\n")))) == []


def test_a_schema_that_cannot_be_written_says_why(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("alerts", "schema", "--out", home / "none" / "it.json", "--home", home)
    assert (ended.code, "No such file or directory" in ended.err) == (3, True)


def test_help_lists_the_commands_that_there_are(promptpilot: CommandLine) -> None:
    text = promptpilot("alerts", "--help").text
    assert [name for name in ("check", "list", "schema", "ack", "send-test") if name not in text] == []
    assert {"check", "list", "schema"} <= set(COMMANDS)


def test_routes_are_checked_with_the_rules(promptpilot: CommandLine, home: Path) -> None:
    (home / "routing.yaml").write_text("teams:\n  a: {channels: [slak]}\n", encoding="utf-8")
    ended = promptpilot("alerts", "check", "--home", home)
    assert ended.code == 1
    assert "routing.yaml, line 2: teams.a.channels.0: 'slak' is no channel; the nearest is 'slack'" in ended.text


def test_what_was_checked_is_there_for_continuous_integration(promptpilot: CommandLine, home: Path) -> None:
    break_it(home)
    assert promptpilot("alerts", "check", "--junit", home / "junit.xml", "--home", home).code == 1
    suite = parse(home / "junit.xml").getroot()
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert {case.get("name"): len(case) for case in suite} == {"slow": 0, "alerts/errors.yaml": 1}


def test_a_rule_is_checked_by_its_name_whatever_is_wrong_with_others(promptpilot: CommandLine, home: Path) -> None:
    break_it(home)
    broken, fine = "error-rate-p0", "slow"
    ended = promptpilot("alerts", "check", fine, "--home", home)
    assert (ended.code, ended.text) == (0, "1 rule checked; no problem\n")
    ended = promptpilot("alerts", "check", fine, broken, "--junit", home / "junit.xml", "--home", home)
    assert ended.code == 1
    assert ended.text.splitlines() == [
        "alerts/errors.yaml, line 5: metric: 'eror_rate' is no metric; the nearest is 'error_rate'",
        "2 rules checked; 1 problem",
    ]
    cases = {case.get("name"): len(case) for case in parse(home / "junit.xml").getroot().iter("testcase")}
    assert cases == {fine: 0, broken: 1}
    assert promptpilot("alerts", "check", broken, "--json", "--home", home).json["rules"] == 1


def test_a_rule_of_a_file_is_checked_by_its_name(promptpilot: CommandLine, home: Path, tmp_path: Path) -> None:
    two = tmp_path / "two.yaml"
    listed = "- " + SLOW.strip().replace("\n", "\n  ")
    two.write_text(GOOD.replace("error_rate\n", "eror_rate\n") + listed, encoding="utf-8")
    broken, fine = "error-rate-p0", "slow"
    assert [promptpilot("alerts", "check", two, one, "--home", home).code for one in (fine, broken)] == [0, 1]


def test_a_rule_that_there_is_not_ends_with_2(promptpilot: CommandLine, home: Path) -> None:
    ended = promptpilot("alerts", "check", "nothing-of-the-kind", "--home", home)
    assert (ended.code, ended.err.splitlines()[0][:44]) == (2, "promptpilot: unknown rule 'nothing-of-the-ki")
    (home / "alerts" / "slow.yaml").write_text("- {", encoding="utf-8")
    ended = promptpilot("alerts", "check", "nothing-of-the-kind", "--home", home)
    assert ended.code == 2
    assert "alerts/slow.yaml, line 1: not YAML" in ended.err
