"""Budgets from `budgets.yaml` of a home and from its settings, and what is wrong with any of them.

    # yaml-language-server: $schema=budgets.schema.json

as the first line is for editors that complete and check as one types; `promptpilot budgets --schema` writes that file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from metrics.budgets.model import Budget
from metrics.catalog import METRICS
from metrics.catalog.dimensions import misfits
from metrics.events.entries import Document, NotYaml, Place, Problem
from metrics.settings import Settings

FILE_NAME = "budgets.yaml"
SETTINGS_FILE, SETTING = "settings.yaml", "money.monthly_budget_usd"
"""Where the budget of the whole month may stand, too."""
FILES = (FILE_NAME, SETTINGS_FILE)
"""Names of the texts that hold budgets."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A budget that can be used, and where it stands."""

    budget: Budget
    document: Document
    place: Place

    def problem(self, place: Place, said: str) -> Problem:
        """Something that is wrong with a part of it."""
        return self.document.problem((*self.place, *place), said, len(self.place))


@dataclass(frozen=True)
class Budgets:
    """The budgets of a home that can be used, and what is to be said of the others."""

    budgets: tuple[Budget, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()


def budgets_of(settings: Settings) -> Budgets:
    """The budgets of a home: those of its file, and that of the whole month of its settings where the file has none."""
    text = text_of(settings.home)
    if isinstance(text, Problem):
        return Budgets(_of_settings(settings), (text,))
    placed, problems = read(text, FILE_NAME)
    own = tuple(one.budget for one in placed)
    remark = twice(own, settings)
    return Budgets(own if remark else (*_of_settings(settings), *own), tuple(problems), (remark,) if remark else ())


def read(text: str, name: str) -> tuple[list[Placed], list[Problem]]:
    """The budgets of a text that can be used; and all that is wrong with the others."""
    try:
        document = Document.of(text, name)
    except NotYaml as error:
        return [], [error.problem]
    problems = [document.given_twice] if document.given_twice else []
    if not isinstance(document.value, list):
        said = "expected a list, each budget beginning with `- id:`"
        return [], [*problems, *([] if document.value is None else [Problem(name, 1, "", said)])]
    found: dict[str, Placed] = {}
    for number, given in enumerate(document.value):
        try:
            placed = Placed(Budget.model_validate(given), document, (number,))
        except ValidationError as error:
            problems += document.problems(error, (number,), Budget)
            continue
        wrong = list(_complaints(placed, found))
        problems += wrong
        if not wrong:
            found[placed.budget.id] = placed
    return list(found.values()), problems


def text_of(home: Path) -> str | Problem:
    """What `budgets.yaml` of a home holds, empty where there is none; or why it cannot be read."""
    try:
        return (home / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        return Problem(FILE_NAME, 1, "", f"cannot be read: {error}")


def text_of_settings(settings: Settings) -> str:
    """The budget that the settings name, as if it stood in a file; empty where they name none."""
    amount = settings.money.monthly_budget_usd
    return f"- {{id: month, name: All calls, amount: {float(amount)!r}}}" if amount else ""


def twice(budgets: tuple[Budget, ...], settings: Settings) -> str:
    """What is to be said where the settings name a budget that the file has, or whose id it has taken; else empty."""
    if not settings.money.monthly_budget_usd:
        return ""
    for budget in budgets:
        if budget.is_whole_month or budget.id == "month":
            return f"`{SETTING}` does not count: `{FILE_NAME}` has the budget {budget.id!r} in its place"
    return ""


def _of_settings(settings: Settings) -> tuple[Budget, ...]:
    placed, _ = read(text_of_settings(settings), SETTINGS_FILE)
    return tuple(one.budget for one in placed)


def _complaints(placed: Placed, before: Mapping[str, Placed]) -> Iterator[Problem]:
    budget, cost = placed.budget, METRICS["cost"]
    if budget.id in before:
        line = before[budget.id].document.line(before[budget.id].place)
        yield placed.problem(("id",), f"{budget.id!r} is the id of another budget already, on line {line}")
    for number, name in enumerate(budget.by):
        yield from (placed.problem(("by", number), said) for said in misfits(name, cost))
    for name in budget.where:
        yield from (placed.problem(("where", name), said) for said in misfits(name, cost))
