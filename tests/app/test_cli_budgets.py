"""`promptpilot budgets`: the figures of the page, as a table and as JSON."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from metrics.budgets.schema import schema
from tests.app.command_line import CommandLine, command_line
from tests.metrics.budgets.spent import TUESDAY, spend

NOON = ("--to", (TUESDAY - timedelta(hours=12)).isoformat())
BUDGETS = "- {id: search, name: Search team, amount: 305, where: {attributes.team: search}}\n- {id: all, amount: 900}\n"


@pytest.fixture
def promptpilot(capsysbinary: pytest.CaptureFixture[bytes]) -> CommandLine:
    return command_line(capsysbinary)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("spent")
    spend(home)
    return home


def test_budgets_are_told_to_programs(promptpilot: CommandLine, home: Path) -> None:
    (home / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    ended = promptpilot("budgets", "--home", home, *NOON, "--json")
    search, whole = ended.json
    assert ended.code == 0
    assert search == {
        "budget": "search", "name": "Search team", "by": {}, "period": "month", "from": "2026-03-01",
        "to": "2026-03-31", "amount": 305.0, "spent": pytest.approx(102), "expected": pytest.approx(372),
        "expected_low": pytest.approx(372), "expected_high": pytest.approx(372), "exhausted": "2026-03-26",
        "calls": 1020.0, "unpriced_calls": 0.0, "state": "threatened",
    }  # fmt: skip
    assert (whole["budget"], whole["state"], whole["exhausted"]) == ("all", "kept", None)


def test_budgets_are_told_to_people(promptpilot: CommandLine, home: Path) -> None:
    (home / "budgets.yaml").write_text(BUDGETS, encoding="utf-8")
    told = promptpilot("budgets", "--home", home, *NOON).text
    row = next(line for line in told.splitlines() if "Search team" in line)
    assert [cell for cell in row.split("  ") if cell.strip()] and "will be exceeded" in row
    assert all(text in row for text in ("March 2026", "2026-03-26", "$305.00", "$102.00", "$372.00"))


def test_what_cannot_be_used_is_said_and_the_rest_told(promptpilot: CommandLine, home: Path) -> None:
    (home / "budgets.yaml").write_text(BUDGETS + "- {id: none}\n", encoding="utf-8")
    ended = promptpilot("budgets", "--home", home, *NOON, "--json")
    assert (ended.code, len(ended.json)) == (1, 2)
    assert "budgets.yaml, line 3: amount: is missing" in ended.err


def test_without_budgets_it_is_said_where_they_stand(promptpilot: CommandLine, tmp_path: Path) -> None:
    assert "No budget is set" in promptpilot("budgets", "--home", tmp_path).text
    out = tmp_path / "budgets.schema.json"
    promptpilot("budgets", "--schema", out)
    assert json.loads(out.read_text(encoding="utf-8")) == schema()
