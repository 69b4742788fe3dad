"""`promptpilot alerts check`: can the rules be used?"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.junit import Junit, Outcome, write_junit
from app.commands.options import Home, Json, settings_of, warn_of_own_metrics
from app.commands.outcome import Exit, wrong
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from alerts.rules.reading import RuleSet
    from metrics.catalog import Metric
    from metrics.settings import Settings


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Files of rules; left out: those of the home.", show_default=False),
    ] = None,
    junit: Junit = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say what is wrong with alert rules and routes: file, line, key and what was expected.

    Exit code 1 where anything is. Files that are named are checked as if they took the place of those of the home.
    """
    from alerts.policy.reading import in_force
    from alerts.rules.reading import Rules
    from metrics.catalog import catalog

    settings = settings_of(home)
    metrics = catalog(settings)
    warn_of_own_metrics(settings)
    found = _of(files, settings, metrics) if files else Rules().load(settings, metrics)
    problems = found.problems if files else (*found.problems, *in_force(settings.home).problems)
    if junit is not None:
        cases = dict.fromkeys((*found.rules, *(one.file for one in problems)), "")
        for one in problems:
            cases[one.file] += f"{one}\n"
        write_junit(junit, "alerts check", [Outcome(name, said) for name, said in cases.items()])
    if as_json:
        print_json({
            "rules": len(found.rules), "enabled": len(found.enabled),
            "problems": [
                {"file": one.file, "line": one.line, "key": one.key, "problem": one.said} for one in problems
            ],
        })  # fmt: skip
    else:
        for problem in problems:
            say(str(problem))
        own = sum(not origin.is_shipped for origin in found.origins.values())
        counted = f"{_count(own, 'rule')} in files and {len(found.rules) - own} that ship"
        say(f"{counted} can be used; {_count(len(problems), 'problem') if problems else 'no problem'}")
    raise typer.Exit(Exit.DIFFERENT if problems else Exit.DONE)


def _of(files: list[Path], settings: "Settings", metrics: "Mapping[str, Metric]") -> "RuleSet":
    """The rules of these files over those that ship."""
    from alerts.rules.files import shipped_texts
    from alerts.rules.reading import rule_set

    texts: dict[str, str] = {}
    for path in files:
        try:
            texts[str(path)] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise wrong(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return rule_set(texts, metrics, shipped=shipped_texts() if settings.alerts.shipped_rules else {})


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
