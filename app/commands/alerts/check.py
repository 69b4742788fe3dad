"""`promptpilot alerts check`: can the rules be used?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.alerts.junit import Junit, Outcome, write_junit
from app.commands.options import Home, Json, settings_of, warn_of_own_metrics
from app.commands.outcome import Exit, unknown, wrong
from app.commands.printing import print_json, say

if TYPE_CHECKING:
    from alerts.rules.reading import RuleSet
    from metrics.catalog import Metric
    from metrics.events.entries import Problem
    from metrics.settings import Settings


def check(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE|RULE]...",
            help="Files of rules, and ids of rules; left out: all of the home.",
            show_default=False,
        ),
    ] = None,
    junit: Junit = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say what is wrong with alert rules and routes: file, line, key and what was expected.

    Exit code 1 where anything is, 2 where there is no such file or rule. Files that are named are checked as if they
    took the place of those of the home; of rules that are named, only what is wrong with these is told.
    """
    from alerts.policy.reading import in_force
    from alerts.rules.files import texts_of
    from alerts.rules.reading import Rules
    from metrics.catalog import catalog

    settings = settings_of(home)
    metrics = catalog(settings)
    paths = [Path(one) for one in given or () if _is_file(one)]
    names = [one for one in given or () if not _is_file(one)]
    warn_of_own_metrics(settings)
    texts = {str(path): _text(path) for path in paths} if paths else dict(texts_of(settings.home, ()))
    found = _of(texts, settings, metrics) if paths else Rules().load(settings, metrics)
    problems = found.problems if given else (*found.problems, *in_force(settings.home).problems)
    if names:
        by_name = dict(_by_name(names, found, {file: text for file, text in texts.items() if isinstance(text, str)}))
        problems = tuple(one for told in by_name.values() for one in told)
    else:
        by_name = {file: [one for one in problems if one.file == file] for file in {one.file for one in problems}}
        by_name = {**dict.fromkeys(found.rules, ()), **by_name}
    if junit is not None:
        write_junit(junit, "alerts check", [Outcome(name, "\n".join(map(str, told))) for name, told in by_name.items()])
    if as_json:
        print_json({
            "rules": len(names or found.rules),
            "enabled": len([one for one in found.enabled if not names or one in names]),
            "problems": [
                {"file": one.file, "line": one.line, "key": one.key, "problem": one.said} for one in problems
            ],
        })  # fmt: skip
    else:
        for problem in problems:
            say(str(problem))
        own = sum(not origin.is_shipped for origin in found.origins.values())
        usable = f"{_count(own, 'rule')} in files and {len(found.rules) - own} that ship can be used"
        what = f"{_count(len(names), 'rule')} checked" if names else usable
        say(f"{what}; {_count(len(problems), 'problem') if problems else 'no problem'}")
    raise typer.Exit(Exit.DIFFERENT if problems else Exit.DONE)


def _is_file(given: str) -> bool:
    """What looks like a file, or is one: ids hold no slash, and end otherwise."""
    return "/" in given or given.endswith((".yaml", ".yml")) or Path(given).exists()


def _by_name(
    names: Sequence[str], found: "RuleSet", texts: Mapping[str, str]
) -> "Iterator[tuple[str, Sequence[Problem]]]":
    """What is wrong with each rule that is named. Raises Stop where there is none of a name."""
    from alerts.rules.by_name import places, problems_of

    for name in names:
        if not any(places(name, texts)):
            unread = [one for one in found.problems if not one.key]
            if unread:  # it may stand in there
                listed = "\n".join(map(str, unread))
                raise wrong(f"{name!r} may stand in what cannot be read:\n{listed}")
            if name not in found.rules:
                raise unknown("rule", name, found.rules, "promptpilot alerts list names all")
        yield name, problems_of(name, found.problems, texts)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _of(texts: "Mapping[str, str | Problem]", settings: "Settings", metrics: "Mapping[str, Metric]") -> "RuleSet":
    """The rules of these files over those that ship."""
    from alerts.rules.files import shipped_texts
    from alerts.rules.reading import rule_set

    return rule_set(texts, metrics, shipped=shipped_texts() if settings.alerts.shipped_rules else {})


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
