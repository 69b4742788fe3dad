"""`promptpilot alerts import`: what do alerts and routes of another program say here?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, settings_of
from app.commands.outcome import Exit, Stop, wrong
from app.commands.printing import print_json, say, say_lines, warn

if TYPE_CHECKING:
    from alerts.importing.meanings import Meanings
    from alerts.importing.prometheus import Found
    from metrics.catalog import Metric

group = typer.Typer(name="import", help="Make rules and routes of those of another program.", no_args_is_help=True)


@group.command("prometheus")
def prometheus(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of rules of Prometheus.")],
    metrics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What metrics, labels and severities of Prometheus are here (YAML)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write the rules to, which must not exist yet.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Write the alerts of Prometheus as rules, and say of each that cannot be said here why, line by line.

    Nothing is guessed: a metric or a label of which nobody has told what it is here is asked for by its name, and
    what to write into the file of --metrics is said. Exit code 1 where an alert is left out, 2 where a file cannot be
    used.
    """
    from alerts.importing.prometheus import imported
    from metrics.catalog import catalog

    known = catalog(settings_of(home))
    meanings = _meanings(metrics, known)
    found = [imported(_text(path), str(path), meanings, known) for path in files]
    left = sum(len(one.refused) for one in found)
    rules = "\n".join(text for one in found if (text := one.as_yaml()))
    _check_ids(found)
    if out is not None:
        _write(out, rules or "[]\n")
    if as_json:
        print_json(_document(found))
    else:
        if out is None and rules:
            say_lines(rules)
        _tell(found, out)
    raise typer.Exit(Exit.DIFFERENT if left else Exit.DONE)


@group.command("alertmanager")
def alertmanager(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration of Alertmanager.")],
    metrics: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What labels and severities of Prometheus are here (YAML).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write the routes to, which must not exist yet.")
    ] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Write routes, inhibitions, receivers and time intervals of Alertmanager as a routing.yaml.

    Secrets are left out, and so is what cannot be said here: each is told with its line and why. Where something is
    left out, more is told and not less. Exit code 1 where anything is, 2 where a file cannot be used.
    """
    from alerts.importing.alertmanager import imported
    from metrics.catalog import catalog

    found = imported(_text(file), str(file), _meanings(metrics, catalog(settings_of(home))))
    if out is not None:
        _write(out, found.as_yaml())
    if as_json:
        print_json({
            "routing": found.document,
            "left_out": [{"line": one.line, "key": one.key, "why": one.why} for one in found.left_out],
        })  # fmt: skip
    else:
        if out is None:
            say_lines(found.as_yaml())
        tell = warn if out is None else say
        for one in found.left_out:
            tell(f"{file}, line {one.line}: {one.key}: {one.why}")
        teams, left = len(found.document.get("teams", ())), len(found.left_out)
        where = f" in {out}" if out is not None else ""
        tell(f"{teams} team{'' if teams == 1 else 's'}{where}, {left} left out")
    raise typer.Exit(Exit.DIFFERENT if found.left_out else Exit.DONE)


def _meanings(file: Path | None, known: "Mapping[str, Metric]") -> "Meanings":
    """What names of Prometheus are here: by the file, and by what ships where that says nothing."""
    from alerts.importing.meanings import meanings_of, shipped

    return meanings_of(_text(file), str(file), known).over(shipped(known)) if file else shipped(known)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _check_ids(found: "Sequence[Found]") -> None:
    seen: dict[str, str] = {}
    for one in found:
        for rule in one.rules:
            if rule.rule.id in seen:
                raise wrong(
                    f"{one.file}, line {rule.line}: {rule.name} would get the id {rule.rule.id}, as one of "
                    f"{seen[rule.rule.id]} does; import the files one by one, into files of their own, and rename one"
                )
        seen |= {rule.rule.id: one.file for rule in one.rules}


def _write(out: Path, text: str) -> None:
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise wrong(f"{out}: is there already; name another file, or remove it") from error
    except OSError as error:
        raise Stop(Exit.ENVIRONMENT, f"{out}: {error.strerror or error}") from error


def _tell(found: "Sequence[Found]", out: Path | None) -> None:
    """What could not be said, what is asked, and how much became of it: beside the rules, where these are printed."""
    tell = warn if out is None else say
    for one in found:
        for refused in one.refused:
            tell(f"{one.file}, line {refused.line}: {refused.name}: {refused.why}")
    asked = sorted({name for one in found for name in one.asked})
    if asked:
        tell(f"not known: {', '.join(asked)}")
    rules, left = sum(len(one.rules) for one in found), sum(len(one.refused) for one in found)
    where = f" in {out}" if out is not None else ""
    tell(f"{rules} rule{'' if rules == 1 else 's'}{where}, {left} left out")


def _document(found: "Sequence[Found]") -> dict[str, object]:
    from alerts.rules.writing import document_of

    return {
        "rules": [
            {"file": one.file, "line": rule.line, "alert": rule.name, "rule": document_of(rule.rule),
             "remarks": rule.remarks}
            for one in found for rule in one.rules
        ],
        "left_out": [
            {"file": one.file, "line": refused.line, "alert": refused.name, "why": refused.why}
            for one in found for refused in one.refused
        ],
        "not_known": [
            {"file": one.file, "metric": name, "lines": lines} for one in found for name, lines in one.asked.items()
        ],
    }  # fmt: skip
