"""`promptpilot alerts test` and `backtest`: rules tried on made-up figures and on history."""

from pathlib import Path
from xml.etree.ElementTree import parse

import pytest

from app.commands.sparkline import marks, sparkline
from tests.app.command_line import CommandLine, command_line

TIMELINES = Path(__file__).resolve().parent.parent / "fixtures" / "timelines"
RULE = """
- id: errors
  name: Error rate above 5 %
  priority: P0
  metric: error_rate
  by: [endpoint]
  window: 5m
  min_events: 5
  condition: {operator: ">", threshold: 5, duration: 10m}
"""
DAYS = ("--from", "2026-05-01", "--to", "2026-05-04")


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULE, encoding="utf-8")
    return path


def test_timelines_that_go_as_expected_end_well(promptpilot: CommandLine, tmp_path: Path) -> None:
    ended = promptpilot("alerts", "test", TIMELINES / "durations.yaml", TIMELINES / "recovery.yaml", "--home", tmp_path)
    assert (ended.code, ended.text) == (0, "8 timelines, all as expected\n")


def test_a_timeline_that_goes_otherwise_says_where_and_ends_with_1(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = (TIMELINES / "durations.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("at 8m: firing", "at 9m: firing", 1), encoding="utf-8")
    ended = promptpilot("alerts", "test", file, "--home", tmp_path)
    assert ended.code == 1
    assert ended.text.splitlines() == [
        f"{file}, line 14: it fires five minutes after the first breach, not after five breaches: "
        "at 9m expected firing errors; it is resolved since 3m, its value is 1",
        "5 timelines, 1 not as expected",
    ]


def test_failures_are_there_for_programs_as_well(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    text = (TIMELINES / "durations.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("at 8m: firing", "at 8m: pending", 1), encoding="utf-8")
    ended = promptpilot("alerts", "test", file, "--json", "--home", tmp_path)
    (failure,) = ended.json["failures"]
    assert (ended.code, failure["line"], failure["file"]) == (1, 14, str(file))


@pytest.mark.parametrize("text", ["- nme: x\n", "{", None])
def test_a_file_that_cannot_be_used_ends_with_2(promptpilot: CommandLine, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "timelines.yaml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    ended = promptpilot("alerts", "test", file, "--home", tmp_path)
    assert (ended.code, ended.out) == (2, b"")
    assert str(file) in ended.err


def test_a_rule_from_a_file_is_tried_over_history(promptpilot: CommandLine, simulated_home: Path, rules: Path) -> None:
    ended = promptpilot("alerts", "backtest", rules, *DAYS, "--incidents", "error-burst-0", "--home", simulated_home)
    assert ended.code == 0, ended.err
    lines = [line.rstrip() for line in ended.text.splitlines()]
    assert lines[:7] == [
        "Error rate above 5 % (errors): error_rate > 5 % for 10m",
        "2026-05-01 00:00:00 UTC to 2026-05-04 00:00:00 UTC",
        "",
        "fires      1 time, 2.9 a week, 25m in all",
        "tells      of 1 incident; spared: 0 suppressed, 0 that belong to another alert",
        "precision  100 %: 1 of 1 alert in an incident",
        "recall     100 %: 1 of 1 incident found, after 20m10s (median)",
    ]
    assert lines[-1].strip() == "━"
    assert "█" in lines[-2] and lines[-3] == "/api/v1/chat"


def test_a_backtest_is_there_for_programs_as_well(promptpilot: CommandLine, simulated_home: Path, rules: Path) -> None:
    ended = promptpilot("alerts", "backtest", rules, *DAYS, "--json", "--home", simulated_home)
    (found,) = ended.json
    (alert,) = found["alerts"]
    assert (found["rule"], found["fires"], found["told"], found["precision"]) == ("errors", 1, 1, 1.0)
    assert (alert["labels"], alert["right"]) == ({"endpoint": "/api/v1/chat"}, True)
    assert [one["name"] for one in found["incidents"] if one["found"]] == ["error-burst-0"]
    assert found["recall"] == pytest.approx(1 / len(found["incidents"]))


def test_a_rule_is_tried_beside_a_dynamic_one(promptpilot: CommandLine, simulated_home: Path, rules: Path) -> None:
    asked = ("alerts", "backtest", rules, *DAYS, "--against", "dynamic", "--home", simulated_home)
    lines = [" ".join(line.split()) for line in promptpilot(*asked).text.splitlines()]
    assert any(line.startswith("the threshold 1 2.9 25m 1 of ") for line in lines), lines
    assert any(line.startswith("dynamic ") for line in lines)
    assert lines[-1] == "The threshold had something to judge by for 2d10h55m only: too little to compare."
    (found,) = promptpilot(*asked, "--json").json
    assert found["against"]["static"]["fires"] == found["fires"] == 1
    assert {"fires", "per_week", "found", "false", "beside"} <= set(found["against"]["dynamic"])
    wrong = promptpilot("alerts", "backtest", rules, *DAYS, "--against", "anomaly", "--home", simulated_home)
    assert (wrong.code, "expected dynamic" in wrong.err) == (2, True)


def test_a_rule_in_force_is_tried_by_its_id(promptpilot: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(RULE, encoding="utf-8")
    ended = promptpilot("alerts", "backtest", "errors", "--last", "1d", "--home", tmp_path)
    assert ended.code == 0
    assert "fires      0 times" in ended.text
    assert ended.err == "promptpilot: errors: no data yet: needs `request` events\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("eror", "unknown rule 'eror': did you mean errors?"),
        ("bad.yaml", "bad.yaml, line 5: metric"),
        ("empty.yaml", "there is no rule in it"),
        ("circle.yaml", "circle"),
    ],
)
def test_what_cannot_be_tried_says_why(
    promptpilot: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alerts.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(RULE.replace("metric: error_rate", "metric: eror"), encoding="utf-8")
    (tmp_path / "empty.yaml").write_text("[]", encoding="utf-8")
    circle = "- {id: %s, name: X, priority: P1, condition: {kind: composite, any: [%s]}}\n"
    (tmp_path / "circle.yaml").write_text(circle % ("x", "y") + circle % ("y", "x"), encoding="utf-8")
    ended = promptpilot("alerts", "backtest", given, "--home", tmp_path)
    assert ended.code == 2
    assert said in ended.err


def test_a_sparkline_shows_what_is_farthest_out_and_blanks_where_nothing_is() -> None:
    assert sparkline([0, 7, 1, 1, None, None, 3.4, 0], 4) == "█▁ ▄"
    assert sparkline([5, 7, 1, 1, 5, 9], 3, lowest=True) == "█▁█"
    assert sparkline([1, 2], 10) == "▁█"
    assert sparkline([3, 3], 10) == "▁▁"
    assert (sparkline([], 10), sparkline([None], 10)) == ("", " ")


def test_marks_stand_below_the_parts_they_mark() -> None:
    assert marks([False, True, False, False], 2) == "━ "


def test_a_timeline_is_played_by_its_name_or_that_of_its_rule(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = TIMELINES / "durations.yaml"
    ended = promptpilot("alerts", "test", file, "--name", "five minutes after the first", "--home", tmp_path)
    assert (ended.code, ended.text) == (0, "1 timeline, all as expected\n")
    assert promptpilot("alerts", "test", file, "-k", "errors", "--json", "--home", tmp_path).json["timelines"] == 4
    ended = promptpilot("alerts", "test", file, "--name", "nothing of the kind", "--home", tmp_path)
    assert ended.code == 2
    assert "no timeline is called, and none has a rule called, 'nothing of the kind'" in ended.err


def test_what_was_played_is_there_for_continuous_integration(promptpilot: CommandLine, tmp_path: Path) -> None:
    file, junit = tmp_path / "wrong.yaml", tmp_path / "junit.xml"
    text = (TIMELINES / "durations.yaml").read_text(encoding="utf-8")
    file.write_text(text.replace("at 8m: firing", "at 9m: firing", 1), encoding="utf-8")
    assert promptpilot("alerts", "test", file, "--junit", junit, "--home", tmp_path).code == 1
    suite = parse(junit).getroot()
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("5", "1")
    (failed,) = (case for case in suite if len(case))
    assert "at 9m expected firing errors" in (failed[0].text or "")
