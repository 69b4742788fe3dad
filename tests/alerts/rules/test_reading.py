"""Rules from files: what is in force, what is said of a file that cannot be used, what stays in force then."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.judging import Key
from alerts.judging.rule_problems import ABOUT_RULES, about
from alerts.rules.reading import Rules, RuleSet, check_text, rule_set
from metrics.catalog import METRICS, Metric
from metrics.settings import Alerts, Settings

GOOD = """\
# Mine.
- id: error-rate-p0
  name: Error rate above 5 %
  priority: P0                      # P0 | P1 | P2 | P3
  metric: error_rate
  by: [endpoint]
  where: {environment: prod}
  window: 1m
  condition: {operator: ">", threshold: 5, duration: 5m, recover: 4, recover_for: 5m}
  min_events: 20
  no_data: keep
  notifications:
    channels: [slack, pagerduty]
    escalation: {after: 15m, to: ["slack:#incident-leads", "email:oncall@example.com"]}
  suppression:
    - {during: "sun 02:00-04:00 Europe/Berlin", reason: "weekly maintenance"}
    - {if: planned-deployment}
  enabled: true
"""
SLOW = """\
id: slow
name: Slow
priority: P1
metric: response_time_p95
condition: {operator: ">", threshold: 1000}
"""


def composite(name: str, *others: str) -> str:
    return f"id: {name}\nname: {name}\npriority: P2\ncondition: {{kind: composite, any: [{', '.join(others)}]}}\n"


class Home:
    """A home whose files are written one by one, and its rules as they are read again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rules = Rules()

    def write(self, name: str, text: str | bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def load(self, last_good: dict[str, str] | None = None, *, shipped: bool = False) -> RuleSet:
        settings = Settings(home=self.path, alerts=Alerts(shipped_rules=shipped))
        return self.rules.load(settings, METRICS, last_good)

    def restart(self) -> None:
        self.rules = Rules()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def said(found: RuleSet) -> list[str]:
    return [str(problem) for problem in found.problems]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("metric: error_rate", "metric: eror_rate",
         "line 5: metric: 'eror_rate' is no metric; the nearest is 'error_rate'"),
        ("[endpoint]", "[endpont]", "line 6: by.0: 'endpont' is no dimension; the nearest is 'endpoint'"),
        ("[endpoint]", "[endpoint, host]",
         "line 6: by.1: error_rate is made of request events, which have no host; they have service, region,"),
        ("[endpoint]", "[endpoint, endpoint]", "line 6: by.1: endpoint is given twice"),
        ("[endpoint]", "[attributes.]", "line 6: by.0: 'attributes.' is no dimension"),
        ("{environment", "{enviroment",
         "line 7: where.enviroment: 'enviroment' is no dimension; the nearest is 'environment'"),
        ("environment: prod", "environment: {prod: 1}", "line 7: where.environment: expected text"),
        ("window: 1m", "window: 60",
         "line 8: window: 60 is no length of time; expected a number and a unit such as 30s, 5m, 1h30m or 7d"),
        ("window: 1m", "window: 1m\n  over: 5m",
         "line 9: over: error_rate of several windows cannot be added up: only counts and sums can"),
        ("window: 1m", "window: 7m", "line 8: window: a window is one of "),
        ("duration: 5m", "duration: 5", "line 9: condition.duration: 5 is no length of time"),
        ("threshold: 5", "threshold: down", "line 9: condition: a text is compared by ==, != or contains, not by >"),
        ('">", threshold: 5, duration: 5m, recover: 4', '"==", threshold: down',
         "line 9: condition.threshold: expected a number, not 'down': error_rate has no named levels"),
        ("recover: 4", "recover: 6", "line 9: condition: recover must be at most the threshold, 5, not 6"),
        ('operator: ">"', 'operator: "=>"', "line 9: condition.operator: expected '>', '<', '>=',"),
        ("{operator", "{kind: forcast, operator",
         "line 9: condition.kind: 'forcast' is not known; the nearest is 'forecast'; known are 'static',"),
        ("threshold: 5", "treshold: 5", "line 9: condition.threshold: is missing"),
        ("recover: 4", "recovr: 4", "line 9: condition.recovr: is not known; the nearest is 'recover'"),
        ("no_data: keep", "nodata: keep", "line 11: nodata: is not known; the nearest is 'no_data'"),
        ("no_data: keep", "duration: 5m", "line 11: duration: is not known here; it belongs in condition"),
        ("no_data: keep", "no_data: kep",
         "line 11: no_data: expected 'keep', 'ok' or 'alert', not 'kep'; the nearest is 'keep'"),
        ("    channels: [slack,", "    enabled: false\n    channels: [slack,",
         "line 13: notifications.enabled: is not known here; it belongs beside the others at the top of the entry"),
        ("channels: [slack,", "channels: [slak,",
         "line 13: notifications.channels.0: 'slak' is no channel; the nearest is 'slack'; known are slack, email,"),
        ("channels: [slack", "chanels: [slack", "line 13: notifications.chanels: is not known; the nearest is 'chan"),
        ('after: 15m, to: ["slack:', 'after: 15m, to: ["slick:',
         "line 14: notifications.escalation.to.0: 'slick' is no channel; the nearest is 'slack'"),
        ("after: 15m", "after: 15", "line 14: notifications.escalation.after: 15 is no length of time"),
        ("sun 02:00", "son 02:00", "line 16: suppression.0: 'son 02:00-04:00 Europe/Berlin' is no span; expected such"),
        ("{if:", "{fi:", "line 17: suppression.1.fi: is not known; the nearest is 'if'"),
        ("priority: P0 ", "priority: P5 ", "line 4: priority: expected 'P0', 'P1', 'P2' or 'P3', not 'P5'"),
        ("  name: Error rate above 5 %\n", "", "line 2: name: is missing"),
        ("id: error-rate-p0", "id: promptpilot-x",
         "line 2: id: ids that begin with promptpilot- are the program's own"),
        ("enabled: true", "enabled: true\n  enabled: false", "line 19: enabled: is given twice"),
        ("enabled: true", "enabled: [", "line 19: not YAML: "),
        (GOOD, "only words", "line 1: expected a rule, which begins with `id:`, or a list of rules"),
        ("# Mine.\n", "# Mine.\n- only words\n", "line 2: the entry: expected keys and values"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_line_and_key(home: Home, old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    home.write("alerts/mine.yaml", GOOD.replace(old, new, 1))
    found = home.load()
    assert said(found)[0].startswith(f"alerts/mine.yaml, {sentence}"), said(found)


def test_all_that_is_wrong_is_told_at_once(home: Home) -> None:
    home.write("alerts.yaml", GOOD.replace("error_rate\n", "eror\n") + "- {id: b, condition: 5, by: c}\n")
    lines = [(problem.line, problem.key) for problem in home.load().problems]
    assert lines == [(5, "metric"), (19, "name"), (19, "priority"), (19, "by"), (19, "condition")]


def test_rules_come_from_one_file_and_from_a_folder(home: Home) -> None:
    home.write("alerts.yaml", GOOD)
    home.write("alerts/slow.yml", SLOW)
    home.write("alerts/.slow.yml.swp.yaml", "what an editor keeps [")
    home.write("alerts/notes.md", "no rules")
    home.write("alerts/none.yaml", "# nothing yet\n")
    found = home.load()
    assert (said(found), list(found.rules)) == ([], ["error-rate-p0", "slow"])
    assert {name: str(origin) for name, origin in found.origins.items()} == {
        "error-rate-p0": "alerts.yaml, line 2",
        "slow": "alerts/slow.yml, line 1",
    }


def test_without_files_what_ships_is_in_force_unless_a_setting_leaves_it_out(home: Home) -> None:
    assert home.load().rules == {}
    assert all(origin.is_shipped for origin in home.load(shipped=True).origins.values())


def test_a_rule_of_the_home_takes_the_place_of_the_shipped_one_of_its_id() -> None:
    shipped = {"shipped/p1.yaml": f"[{{{', '.join(SLOW.splitlines())}}}]"}
    found = rule_set({"alerts.yaml": SLOW.replace("P1", "P3")}, METRICS, shipped=shipped)
    assert (found.rules["slow"].priority, found.origins["slow"].file, found.problems) == ("P3", "alerts.yaml", ())


def test_disabled_rules_are_known_and_not_evaluated(home: Home) -> None:
    home.write("alerts.yaml", SLOW + "enabled: false\n")
    assert (list(home.load().rules), list(home.load().enabled)) == (["slow"], [])


def test_an_id_used_twice_names_both_places(home: Home) -> None:
    home.write("alerts/a.yaml", GOOD + GOOD)
    home.write("alerts/b.yaml", SLOW)
    home.write("alerts/c.yaml", "# Again.\n" + SLOW)
    assert said(home.load()) == [
        "alerts/a.yaml, line 20: id: 'error-rate-p0' is the id of another rule already: alerts/a.yaml, line 2",
        "alerts/c.yaml, line 2: id: 'slow' is the id of another rule already: alerts/b.yaml, line 1",
    ]


def test_a_composite_names_rules_that_there_are_and_never_itself(home: Home) -> None:
    home.write("alerts/a.yaml", composite("a", "slow", "slwo"))
    home.write("alerts/b.yaml", composite("b", "c", "slow"))
    home.write("alerts/c.yaml", composite("c", "b"))
    home.write("alerts/d.yaml", composite("d", "slow"))
    home.write("alerts/slow.yaml", SLOW)
    found = home.load()
    assert said(found) == [
        "alerts/a.yaml, line 4: condition.any.1: there is no rule 'slwo'; the nearest is 'slow'",
        "alerts/b.yaml, line 4: condition.any.0: goes round in a circle: b → c → b",
        "alerts/c.yaml, line 4: condition.any.0: goes round in a circle: c → b → c",
    ]
    assert set(found.rules) == {"d", "slow"}


def test_a_file_that_cannot_be_used_leaves_its_last_good_rules_in_force(home: Home) -> None:
    home.write("alerts/a.yaml", GOOD)
    home.write("alerts/slow.yaml", SLOW)
    assert home.load().problems == ()
    home.write("alerts/a.yaml", GOOD.replace("error_rate\n", "eror_rate\n").replace("threshold: 5", "threshold: 9"))
    home.write("alerts/slow.yaml", SLOW.replace("P1", "P3"))
    found = home.load()
    assert [problem.file for problem in found.problems] == ["alerts/a.yaml"]
    assert found.rules["error-rate-p0"].condition == home_rule(GOOD).condition
    assert found.rules["slow"].priority == "P3"
    home.write("alerts/a.yaml", GOOD.replace("threshold: 5", "threshold: 9"))
    assert home.load().problems == ()
    assert home.load().rules["error-rate-p0"].condition != home_rule(GOOD).condition


def home_rule(text: str):
    (rule,) = rule_set({"x": text}, METRICS).rules.values()
    return rule


def test_the_last_good_rules_outlive_a_restart(home: Home) -> None:
    home.write("alerts.yaml", SLOW)
    texts = dict(home.load().texts)
    home.write("alerts.yaml", "[")
    home.restart()
    found = home.load(texts)
    assert (list(found.rules), len(found.problems), found.texts) == (["slow"], 1, texts)


def test_of_a_file_that_was_never_good_what_can_be_used_is_in_force(home: Home) -> None:
    home.write("alerts.yaml", GOOD + "- {id: b}\n")
    found = home.load()
    assert (list(found.rules), len(found.problems), found.texts) == (["error-rate-p0"], 3, {})


def test_a_composite_whose_rule_went_away_stays_as_it_was_only_while_that_is_possible(home: Home) -> None:
    home.write("alerts/both.yaml", composite("both", "slow"))
    home.write("alerts/slow.yaml", SLOW)
    home.load()
    home.write("alerts/both.yaml", composite("both", "slow", "nobody"))
    assert home.load().rules["both"].condition.rules == ("slow",)  # pyright: ignore[reportAttributeAccessIssue]
    (home.path / "alerts" / "slow.yaml").unlink()
    found = home.load()
    assert (list(found.rules), {problem.file for problem in found.problems}) == ([], {"alerts/both.yaml"})


def test_a_file_that_went_away_takes_its_rules_along(home: Home) -> None:
    home.write("alerts.yaml", SLOW)
    home.load()
    (home.path / "alerts.yaml").unlink()
    assert (home.load().rules, home.load().texts) == ({}, {})


def test_a_file_found_empty_as_an_editor_leaves_it_for_a_moment_ends_no_rule(home: Home) -> None:
    home.write("alerts.yaml", SLOW)
    home.load()
    home.write("alerts.yaml", "")
    found = home.load()
    assert list(found.rules) == ["slow"]
    assert said(found) == [
        "alerts.yaml, line 1: is empty; delete it, or write [] into it, if there are to be no rules in it"
    ]
    home.write("alerts.yaml", "[]")
    assert (home.load().rules, home.load().problems) == ({}, ())


@pytest.mark.parametrize("content", [b"- id: \xff\n", None])
def test_what_cannot_be_read_is_told_and_leaves_the_rules_in_force(home: Home, content: bytes | None) -> None:
    home.write("alerts.yaml", SLOW)
    home.load()
    (home.path / "alerts.yaml").unlink()
    if content is None:
        (home.path / "alerts.yaml").mkdir()
    else:
        home.write("alerts.yaml", content)
    found = home.load()
    assert list(found.rules) == ["slow"]
    assert said(found)[0].startswith("alerts.yaml, line 1: cannot be read: ")


def test_nothing_is_read_again_before_something_changed(home: Home) -> None:
    home.write("alerts/slow.yaml", SLOW)
    first = home.load()
    assert home.load() is first
    before = (home.path / "alerts/slow.yaml").stat()
    home.write("alerts/slow.yaml", SLOW.replace("Slow", "Mild"))
    os.utime(home.path / "alerts/slow.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    second = home.load()
    assert second.rules["slow"].name == "Mild"
    home.write("alerts/more.yaml", GOOD)
    assert len(home.load().rules) == 2


def test_rules_are_read_again_when_the_metrics_changed(home: Home) -> None:
    home.write("alerts.yaml", SLOW)
    settings = Settings(home=home.path, alerts=Alerts(shipped_rules=False))
    fewer: dict[str, Metric] = {name: one for name, one in METRICS.items() if name != "response_time_p95"}
    assert list(home.rules.load(settings, METRICS).rules) == ["slow"]
    assert "is no metric; the nearest is 'response_time_p99'" in said(home.rules.load(settings, fewer))[0]
    assert home.rules.load(settings, METRICS).problems == ()


def test_problems_are_alerts_about_files(home: Home) -> None:
    home.write("alerts/a.yaml", "[")
    home.write("alerts/b.yaml", SLOW.replace("P1", "P9").replace("Slow", "[]"))
    found = about(home.load().problems)
    assert list(found) == [Key(ABOUT_RULES.id, (("file", f"alerts/{name}.yaml"),)) for name in "ab"]
    assert [len(text.splitlines()) for text in found.values()] == [1, 2]
    assert (ABOUT_RULES.priority, ABOUT_RULES.enabled, ABOUT_RULES.notifications.channels) == ("P1", True, None)


def test_a_text_is_checked_while_it_is_typed() -> None:
    known = {"slow": home_rule(SLOW)}
    assert check_text(SLOW, METRICS, known) == ()
    assert check_text(composite("both", "slow"), METRICS, known) == ()
    assert [problem.key for problem in check_text(composite("both", "slwo"), METRICS, known)] == ["condition.any.0"]
    assert [problem.key for problem in check_text(composite("slow", "slow"), METRICS, known)] == ["condition.any.0"]


def typed(text: str) -> Iterator[str]:
    yield from (text[:end] for end in range(0, len(text), 7))


def test_any_beginning_of_a_rule_is_told_in_sentences() -> None:
    for text in typed(GOOD):
        for problem in check_text(text, METRICS):
            assert "Input" not in str(problem), text
            assert "_kind_of" not in str(problem), text


@pytest.mark.parametrize("text", ["- &a [*a]", "&a {id: *a, where: *a, by: *a}", "- " + "[" * 3000 + "]" * 3000, "\0"])
def test_odd_texts_are_told_too(text: str) -> None:
    assert check_text(text, METRICS)
