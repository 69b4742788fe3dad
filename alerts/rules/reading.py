"""Rules from YAML: the shipped ones, over them those of a home, and what is wrong with any of it.

A home has its rules in `alerts.yaml`, in files of the folder `alerts/`, or in both; each file holds one rule or a list
of them. A rule of a home takes the place of the shipped one of its id.

    # yaml-language-server: $schema=../alerts.schema.json
    - id: error-rate-p0
      …

The first line is for editors that complete and check as one types, `promptpilot alerts schema` writes what it names.

Each budget of `budgets.yaml`, and that of the settings, brings a rule. Like a shipped one it gives way to one of its
id in the files of rules.

A file with anything wrong in it leaves the rules in force that it held when it was last good; where it never was, those
of its rules that can be used.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from pydantic import ValidationError

from alerts.rules.budgeting import rules_of
from alerts.rules.checking import complaints, references
from alerts.rules.files import SHIPPED, shipped_texts, stamps_of, texts_of
from alerts.rules.model import AlertRule
from metrics.budgets import reading as budgets
from metrics.catalog import Metric
from metrics.events.entries import Document, NotYaml, Place, Problem
from metrics.settings import Settings


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule comes from."""

    file: str
    """Within the home, such as `alerts/api.yaml`; or `shipped/p0.yaml`."""
    line: int

    @property
    def is_shipped(self) -> bool:
        """Whether it ships with the program."""
        return self.file.startswith(f"{SHIPPED}/")

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule that can be used by itself, and where it stands."""

    rule: AlertRule
    document: Document
    place: Place

    @property
    def origin(self) -> Origin:
        """Its file and line."""
        return Origin(self.document.file, self.document.line((*self.place, "id")))

    def problem(self, place: Place, said: str) -> Problem:
        """Something that is wrong with a part of it."""
        return self.document.problem((*self.place, *place), said, len(self.place))


@dataclass(frozen=True, slots=True)
class Read:
    """What one text holds."""

    text: str
    rules: tuple[Placed, ...] = ()
    """Those of it that can be used by themselves."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class RuleSet:
    """All rules, and what is wrong with the files they stand in."""

    rules: Mapping[str, AlertRule]
    """Every rule by id, disabled ones too."""
    origins: Mapping[str, Origin]
    problems: tuple[Problem, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The text of each file of the home as it was last good: what to hand in as `last_good` after a restart."""

    @property
    def enabled(self) -> Mapping[str, AlertRule]:
        """The rules that are evaluated."""
        return {name: rule for name, rule in self.rules.items() if rule.enabled}


class Rules:
    """The rules of a home as they change. May be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: tuple[object, ...] | None = None
        self._set = RuleSet({}, {})

    def load(
        self, settings: Settings, metrics: Mapping[str, Metric], last_good: Mapping[str, str] | None = None
    ) -> RuleSet:
        """The rules in force: the very set of the last call, unless a file, the settings or the metrics changed.

        `last_good` is `RuleSet.texts` from before a restart.
        """
        with self._lock:
            shipped = shipped_texts() if settings.alerts.shipped_rules else {}
            timezone, amount = settings.timezone, settings.money.monthly_budget_usd
            seen = (bool(shipped), settings.home, timezone, amount, metrics, tuple(stamps_of(settings.home)))
            if seen != self._seen:
                good = {**(last_good or {}), **self._set.texts}
                texts = dict(texts_of(settings.home, good))
                base = {**shipped, **_of_settings(settings)}
                self._set = rule_set(texts, metrics, good, base, timezone)
                # A file that could not be read may be readable the next time, though nothing about it changed.
                self._seen = seen if all(isinstance(text, str) for text in texts.values()) else None
            return self._set


def rule_set(
    texts: Mapping[str, str | Problem],
    metrics: Mapping[str, Metric],
    last_good: Mapping[str, str] | None = None,
    shipped: Mapping[str, str] | None = None,
    timezone: str = "UTC",
) -> RuleSet:
    """The rules of texts by name of file, over those of the `shipped` ones; a problem is why a file cannot be read.

    `timezone` is that in which the periods of budgets begin.
    """
    good = last_good or {}
    base = [placed for name, text in (shipped or {}).items() for placed in read(text, name, metrics, timezone).rules]
    now = {name: _read_over(text, name, metrics, good.get(name, ""), timezone) for name, text in texts.items()}
    earlier = {
        name: read(good[name], name, metrics, timezone)
        for name, one in now.items()
        if good.get(name, one.text) != one.text
    }
    told: dict[str, list[Problem]] = {name: list(one.problems) for name, one in now.items() if one.problems}
    rules: Mapping[str, Placed] = {}
    # Two rounds: what one file held earlier may not fit what another holds now.
    for _ in range(2):
        chosen = [earlier.get(name, one) if name in told else one for name, one in now.items()]
        rules, unfit = _together(base, chosen)
        for file in {problem.file for problem in unfit} - told.keys():
            told[file] = [problem for problem in unfit if problem.file == file]
    return RuleSet(
        rules={name: one.rule for name, one in rules.items()},
        origins={name: one.origin for name, one in rules.items()},
        problems=tuple(problem for name in sorted(told) for problem in told[name]),
        texts={
            name: good[name] if name in told else one.text
            for name, one in now.items()
            if name not in told or name in good
        },
    )


def read(text: str, name: str, metrics: Mapping[str, Metric], timezone: str = "UTC") -> Read:
    """What a text holds, and what is wrong with it by itself; one of budgets holds the rules that these bring."""
    if _is_of_budgets(name):
        brought, problems = rules_of(text, name, timezone)
        rules = tuple(Placed(rule, one.document, one.place) for rule, one in brought)
        return Read(text, rules, tuple(problems))
    try:
        document = Document.of(text, name)
    except NotYaml as error:
        return Read(text, problems=(error.problem,))
    found, problems = _entries(document)
    own: dict[str, Placed] = {}
    for place, given in found:
        try:
            placed = Placed(AlertRule.model_validate(given), document, place)
        except ValidationError as error:
            problems += document.problems(error, place, AlertRule)
            continue
        wrong = [placed.problem(*complaint) for complaint in complaints(placed.rule, metrics)]
        if not wrong and placed.rule.id in own:
            wrong = [placed.problem(("id",), _twice(own[placed.rule.id]))]
        problems += wrong
        if not wrong:
            own[placed.rule.id] = placed
    return Read(text, tuple(own.values()), tuple(problems))


def check_text(
    text: str, metrics: Mapping[str, Metric], known: Mapping[str, AlertRule] | None = None, name: str = "the rule"
) -> tuple[Problem, ...]:
    """What is wrong with a text while it is typed; `known` are the rules that it may name or take the place of."""
    found = read(text, name, metrics)
    own = {placed.rule.id: placed for placed in found.rules}
    rules = {**(known or {}), **{name: placed.rule for name, placed in own.items()}}
    unfit = [own[name].problem(*complaint) for name, complaint in references(rules) if name in own]
    return (*found.problems, *unfit)


def _is_of_budgets(name: str) -> bool:
    return PurePath(name).name in budgets.FILES


def _of_settings(settings: Settings) -> Mapping[str, str]:
    """The budget that the settings name, where the home's own file has none in its place."""
    found = budgets.budgets_of(settings)
    text = "" if found.remarks else budgets.text_of_settings(settings)
    return {budgets.SETTINGS_FILE: text} if text else {}


def _read_over(text: str | Problem, name: str, metrics: Mapping[str, Metric], before: str, timezone: str) -> Read:
    if isinstance(text, Problem):
        return Read("", problems=(text,))
    if before.strip() and not text.strip():
        # As a file is while an editor writes it: its rules must not end for that.
        said = "is empty; delete it, or write [] into it, if there are to be no rules in it"
        return Read(text, problems=(Problem(name, 1, "", said),))
    return read(text, name, metrics, timezone)


def _entries(document: Document) -> tuple[list[tuple[Place, object]], list[Problem]]:
    """Each rule of a document with its place, and what is wrong with the document."""
    problems = [document.given_twice] if document.given_twice else []
    match document.value:
        case None:
            return [], problems
        case list() as listed:
            return [((number,), one) for number, one in enumerate(listed)], problems
        case dict() as one:
            return [((), one)], problems
        case _:
            said = "expected a rule, which begins with `id:`, or a list of rules"
            return [], [*problems, Problem(document.file, 1, "", said)]


def _together(base: Iterable[Placed], chosen: Iterable[Read]) -> tuple[Mapping[str, Placed], Sequence[Problem]]:
    """Rules of several files, those of `base` first, without what does not fit the others; and why it does not."""
    shipped = {placed.rule.id: placed for placed in base}
    own: dict[str, Placed] = {}
    problems: list[Problem] = []
    for placed in (one for read in chosen for one in read.rules):
        if _is_of_budgets(placed.document.file):
            shipped[placed.rule.id] = placed
        elif placed.rule.id in own:
            problems.append(placed.problem(("id",), _twice(own[placed.rule.id])))
        else:
            own[placed.rule.id] = placed
    rules = {**shipped, **own}
    while unfit := list(references({name: one.rule for name, one in rules.items()})):
        problems += [rules[name].problem(*complaint) for name, complaint in unfit]
        for name in {name for name, _ in unfit}:
            del rules[name]
    return rules, problems


def _twice(first: Placed) -> str:
    return f"{first.rule.id!r} is the id of another rule already: {first.origin}"
