"""Every timeline of tests/fixtures/timelines, and what the harness says when one is wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts.judging.evaluation import Evaluation
from alerts.rules import AlertRule
from alerts.trying.audience import Audience
from alerts.trying.playing import Played, TimelineError, play, report_of, rules_of
from alerts.trying.rule_tests import Away, RuleTest
from metrics.events.entries import read_entries
from metrics.settings import Alerts

TIMELINES = Path(__file__).resolve().parents[2] / "fixtures" / "timelines"
FILES = sorted(TIMELINES.glob("*.yaml"))
CASES = [
    (file, case.model_copy(update={"notifications": None}))
    for file in FILES
    for case in read_entries(file, RuleTest, TimelineError)
]
ERRORS = """
- name: errors
  rules:
    - id: errors
      metric: error_rate
      by: [endpoint]
      condition: {operator: ">", threshold: 5, duration: 2m}
  figures:
    - {metric: error_rate, labels: {endpoint: /chat}, values: 1 6x3 1}
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_timeline_goes_as_expected(file: Path) -> None:
    report = report_of(file, notify=lambda: Audience(Alerts()))
    assert len(report.cases) > 1
    assert [str(failure) for failure in report.failures] == []


@pytest.mark.parametrize(("file", "case"), CASES, ids=lambda one: getattr(one, "name", ""))
def test_making_up_for_everything_at_once_comes_to_the_same(file: Path, case: RuleTest) -> None:
    ends = play(case, rules_of(case, file.parent)).states[-1][0] - case.start
    once = {"away": (Away(start=timedelta(), end=ends),), "catch_up": timedelta(days=999)}
    one_by_one = {"away": (), "catch_up": timedelta(days=999)}

    def happened(changes: object) -> Played:
        changed = case.model_copy(update=changes)  # pyright: ignore[reportArgumentType]
        return play(changed, rules_of(case, file.parent))

    all_at_once, clocked = happened(once), happened(one_by_one)
    assert len(all_at_once.states) == 1
    assert [(one.at, one.kind, one.key, one.value) for one in all_at_once.transitions] == [
        (one.at, one.kind, one.key, one.value) for one in clocked.transitions
    ]
    assert all_at_once.states[-1] == clocked.states[-1]


def said(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "rules.test.yaml"
    file.write_text(text, encoding="utf-8")
    return [str(failure).replace(f"{tmp_path}/", "") for failure in report_of(file).failures]


def test_a_wrong_state_says_line_instant_and_what_was_seen(tmp_path: Path) -> None:
    text = ERRORS + "  states:\n    - at 1m: inactive {endpoint=/chat}\n    - at 3m: firing {endpoint=/chat}\n"
    assert said(tmp_path, text) == [
        "rules.test.yaml, line 12: errors: at 3m expected firing errors{endpoint=/chat}; "
        "it is pending since 2m, its value is 6"
    ]


def test_a_state_of_nothing_says_what_there_is(tmp_path: Path) -> None:
    assert said(tmp_path, ERRORS + "  states:\n    - at 3m: pending {endpoint=/caht}\n") == [
        "rules.test.yaml, line 11: errors: at 3m expected pending errors{endpoint=/caht}; "
        "it is none; there are errors{endpoint=/chat}"
    ]


def test_transitions_are_all_of_them(tmp_path: Path) -> None:
    text = ERRORS + "  transitions:\n    - at 2m: pending {endpoint=/chat}\n    - at 3m: firing {endpoint=/chat}\n"
    wrong = "rules.test.yaml, line 10: errors"
    seen = (
        "at 2m: pending errors{endpoint=/chat}; at 4m: firing errors{endpoint=/chat}; "
        "at 5m: resolved errors{endpoint=/chat}"
    )
    assert said(tmp_path, text) == [
        f"rules.test.yaml, line 12: errors: expected `at 3m: firing errors{{endpoint=/chat}}`; seen: {seen}",
        f"{wrong}: `at 4m: firing errors{{endpoint=/chat}}` is not among the transitions expected",
        f"{wrong}: `at 5m: resolved errors{{endpoint=/chat}}` is not among the transitions expected",
    ]


def test_what_people_are_told_is_compared_as_well(tmp_path: Path) -> None:
    file = tmp_path / "rules.test.yaml"
    file.write_text(ERRORS + "  notifications:\n    - at 4m: 'slack: firing'\n    - at 5m: 'slack: over'\n")

    def notify(rules: object, evaluation: Evaluation, at: object) -> list[str]:
        return [f"slack: {one.kind}" for one in evaluation.transitions if one.kind in ("firing", "resolved")]

    assert [failure.said for failure in report_of(file, notify=lambda: notify).failures] == [
        "expected `at 5m: slack: over`; seen: at 4m: slack: firing; at 5m: slack: resolved",
        "`at 5m: slack: resolved` is not among the notifications expected",
    ]


def test_rules_may_come_from_their_own_file(tmp_path: Path) -> None:
    rule = AlertRule.model_validate(
        {"id": "mine", "name": "Mine", "priority": "P1", "metric": "error_rate",
         "condition": {"operator": ">", "threshold": 5}}
    )  # fmt: skip
    (tmp_path / "alerts.yaml").write_text(f"[{rule.model_dump_json(exclude_defaults=True)}]")
    text = "- name: x\n  rule_files: [alerts.yaml]\n  figures: [{metric: error_rate, values: 1 6}]\n"
    assert said(tmp_path, text + "  states: [at 2m: firing]\n") == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- nme: x\n", "line 1: name: is missing"),
        (ERRORS, "line 2: the entry: nothing is expected: give `states`, `transitions` or `notifications`"),
        (
            ERRORS.replace("6x3", "6y3") + "  states: [at 1m: none]\n",
            "line 9: figures.0.values: '6y3' is no value: expected such as 5, 6x5, 1+2x4, downx3 or _",
        ),
        (
            ERRORS.replace("6x3", "bad") + "  transitions: []\n",
            "line 2: errors: 'bad' is no value: the values of this metric have no names",
        ),
        (
            ERRORS + "  states: [at 1m: fring]\n",
            "line 10: states: 'fring': expected one of inactive, pending, firing, resolved, none, "
            "such as `firing {endpoint=/chat}`; the nearest is 'firing'",
        ),
        (
            ERRORS + "  states: [1m: firing]\n",
            "line 10: states: '1m' is no instant: expected `at` and the time since the start, such as `at 7m`",
        ),
        (
            ERRORS + "  states: [at 1m: firing]\n",
            "line 2: errors: at 1m: firing: the labels of errors are {endpoint=…}",
        ),
        (
            ERRORS + "  states: [at 1m: firing errs]\n",
            "line 2: errors: at 1m: there is no rule 'errs'; the nearest is 'errors'",
        ),
        (
            ERRORS.replace("{metric: error_rate,", "{metric: eror_rate,") + "  transitions: []\n",
            "line 2: errors: figures: there is no metric 'eror_rate'; the nearest is 'error_rate'",
        ),
        (
            ERRORS.replace("{metric: error_rate,", "{metric: requests,") + "  transitions: []\n",
            "line 2: errors: figures: requests: say by `window` how long a value holds (no rule looks at it)",
        ),
        (
            ERRORS + "  notifications: []\n",
            "line 2: errors: notifications: nobody is told anything here; leave them out",
        ),
        ("- name: x\n  transitions: []\n", "line 1: the entry: there is no rule: give `rules` or `rule_files`"),
        (
            "- name: x\n  rule_files: [mine.yaml]\n  transitions: []\n",
            "line 1: x: rule_files: there is no file {here}/mine.yaml",
        ),
        (
            "- name: x\n  rules:\n    - {id: a, condition: {kind: composite, all: [b]}}\n  transitions: []\n",
            "line 1: x: rule 'a' looks at rule 'b', which does not exist",
        ),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "rules.test.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(TimelineError) as caught:
        report_of(file)
    assert str(caught.value) == f"{file}, {complaint.replace('{here}', str(tmp_path))}"


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match=r"missing\.yaml: cannot be read"):
        report_of(tmp_path / "missing.yaml")
