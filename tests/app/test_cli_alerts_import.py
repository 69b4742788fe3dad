"""`promptpilot alerts import`: the rules on standard output, what is left out beside them."""

from pathlib import Path

import pytest

from alerts.importing.meanings import meanings_of
from alerts.policy.reading import read as policy_of
from alerts.rules.reading import read
from metrics.catalog import METRICS
from tests.app.command_line import CommandLine, command_line
from tests.app.documents import section

BUSY = "{alert: Busy, expr: 'sum(rate(http_requests_total[5m])) > 9', labels: {severity: page}}"
DOWN = "{alert: Down, expr: 'up{job=\"\\x1b[2J\"} == 0', labels: {severity: page}}"


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> CommandLine:
    run = command_line(capsysbinary)
    return lambda *arguments: run("alerts", "import", "prometheus", *arguments, "--home", tmp_path / "home")


def rules_of(path: Path, *rules: str) -> Path:
    path.write_text("groups:\n  - name: all\n    rules:\n" + "".join(f"      - {one}\n" for one in rules), "utf-8")
    return path


def test_rules_go_to_standard_output_and_all_else_beside_it(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = rules_of(tmp_path / "rules.yaml", BUSY, DOWN)
    ended = promptpilot(file)
    assert ended.code == 1
    assert [one.rule.id for one in read(ended.text, "r", METRICS).rules] == ["busy"]
    assert ended.err.splitlines()[0].startswith(f"{file}, line 5: Down: what up is is not known")
    assert ended.err.splitlines()[1:] == ["not known: up", "1 rule, 1 left out"]
    assert "\x1b" not in ended.err


def test_where_all_can_be_said_it_ends_well_and_writes_a_file(promptpilot: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "imported.yaml"
    ended = promptpilot(rules_of(tmp_path / "rules.yaml", BUSY), "--out", out)
    assert (ended.code, ended.text, ended.err) == (0, f"1 rule in {out}, 0 left out\n", "")
    assert [one.rule.id for one in read(out.read_text(encoding="utf-8"), "r", METRICS).rules] == ["busy"]


def test_a_file_that_is_there_is_not_written_over(promptpilot: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "imported.yaml"
    out.write_text("mine", encoding="utf-8")
    ended = promptpilot(rules_of(tmp_path / "rules.yaml", BUSY), "--out", out)
    assert (ended.code, out.read_text(encoding="utf-8")) == (2, "mine")
    assert "is there already" in ended.err


def test_what_is_not_known_can_be_told(promptpilot: CommandLine, tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("labels: {job: ~}\nmetrics: [{metric: uptime, expr: 100 * up, each: [component]}]", "utf-8")
    file = rules_of(tmp_path / "rules.yaml", "{alert: Down, expr: up == 0, labels: {severity: page}}")
    ended = promptpilot(file, "--metrics", names)
    assert (ended.code, ended.err) == (1, f"{file}, line 4: Down: {UNKNOWN}\n0 rules, 1 left out\n")
    names.write_text(names.read_text("utf-8").replace("{job: ~}", "{component: component}"), "utf-8")
    assert promptpilot(file, "--metrics", names).code == 0


UNKNOWN = (
    "has the label component, and which dimension that is is not known: say `labels: {component: …}` in the file of "
    "--metrics, or `~` to leave it out"
)


def test_all_of_it_is_there_for_programs(promptpilot: CommandLine, tmp_path: Path) -> None:
    file = rules_of(tmp_path / "rules.yaml", BUSY, DOWN)
    found = promptpilot(file, "--json").json
    assert [(one["alert"], one["line"], one["rule"]["metric"]) for one in found["rules"]] == [
        ("Busy", 4, "requests_per_second")
    ]
    assert [(one["alert"], one["line"]) for one in found["left_out"]] == [("Down", 5)]
    assert found["not_known"] == [{"file": str(file), "metric": "up", "lines": [5]}]


def test_two_files_whose_rules_would_get_one_id_are_refused(promptpilot: CommandLine, tmp_path: Path) -> None:
    one, other = (rules_of(tmp_path / f"{name}.yaml", BUSY) for name in "ab")
    ended = promptpilot(one, other)
    assert ended.code == 2
    assert f"{other}, line 4: Busy would get the id busy, as one of {one} does" in ended.err


@pytest.mark.parametrize("text", ["- a", "route: {}", "groups: ["])
def test_a_file_that_is_none_of_rules_ends_with_2(promptpilot: CommandLine, tmp_path: Path, text: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    ended = promptpilot(file)
    assert ended.code == 2
    assert f"{file}, line 1" in ended.err


def test_the_file_of_names_that_is_documented_can_be_used() -> None:
    assert meanings_of(section("docs/alerts.md", "meanings"), "docs/alerts.md", METRICS).metrics


def test_routes_of_alertmanager_go_to_standard_output_and_what_is_left_out_beside_them(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    run, file, home = command_line(capsysbinary), tmp_path / "am.yml", tmp_path / "home"
    file.write_text(
        "route: {receiver: ops}\nreceivers:\n  - {name: ops, slack_configs: [{channel: '#ops'}]}\n", "utf-8"
    )
    ended = run("alerts", "import", "alertmanager", file, "--home", home)
    assert (ended.code, ended.err) == (0, "1 team, 0 left out\n")
    assert policy_of(ended.text)[0] is not None
    file.write_text(file.read_text("utf-8") + "templates: [a.tmpl]\n", "utf-8")
    ended = run("alerts", "import", "alertmanager", file, "--out", tmp_path / "routing.yaml", "--home", home)
    assert ended.code == 1
    assert ended.text.splitlines()[0].startswith(f"{file}, line 4: templates: words of messages are `templates`")
    assert policy_of((tmp_path / "routing.yaml").read_text("utf-8"))[0] is not None
