"""`promptpilot reports`: what is sent again and again, to whom, and when next."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import Exit, Stop, unknown
from app.commands.printing import give_schema, moment, print_json, say, say_lines, table_text, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.telling.channels.channel import Channel
    from app.scheduled.reading import ReportsOf
    from metrics.settings import Settings

group = typer.Typer(name="reports", help="Scheduled reports: what is sent to whom, and when.", no_args_is_help=True)


@group.command("list")
def listed(as_json: Json = False, home: Home = None) -> None:
    """Every report of reports.yaml: what it shows, who gets it, when it is due next.

    Exit code 1: something in reports.yaml cannot be used.
    """
    from app.scheduled import scheduled_of
    from app.scheduled.due import next_due

    settings = settings_of(home)
    found = scheduled_of(settings.home)
    due = {one.id: next_due(one, now(), settings.timezone) for one in found.reports}
    if as_json:
        print_json([
            {
                "report": one.id, "page": one.page or None, "board": one.board or None,
                "to": [target.shown for target in one.targets], "next": due[one.id],
            }
            for one in found.reports
        ])  # fmt: skip
    elif not found.reports:
        say("No report is scheduled: see docs/reports.md for reports.yaml.")
    else:
        rows = [
            [one.id, one.board or one.page, ", ".join(target.shown for target in one.targets), moment(due[one.id])]
            for one in found.reports
        ]
        say_lines(table_text("Scheduled reports", ["report", "shows", "to", "next"], rows))
    _warn(found)
    raise typer.Exit(Exit.DIFFERENT if found.problems else Exit.DONE)


@group.command()
def send(
    name: Annotated[str, typer.Argument(metavar="REPORT", help="The id of a report.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make it and say what would be sent to whom.")] = False,
    home: Home = None,
) -> None:
    """Send a report now to all who get it, beside those that are due.

    Exit code 1: somebody could not be reached.
    """
    from alerts.telling.channels.channel import Carrier, Sent
    from app.report.apart import ReportFailed
    from app.scheduled import scheduled_of
    from app.scheduled.making import make
    from app.scheduled.sending import Errand, parcel

    settings = settings_of(home)
    found = scheduled_of(settings.home)
    by_id = {one.id: one for one in found.reports}
    if name not in by_id:
        _warn(found)
        raise unknown("report", name, by_id, "promptpilot reports list names all")
    report, at = by_id[name], now()
    try:
        made = make(report, settings)
    except ReportFailed as why:
        raise Stop(Exit.DEFECT, str(why)) from why
    channels = _channels(settings)
    if dry_run:
        say(f"{made.title}: {made.file_name}, {len(made.content):,} bytes")
        say_lines(made.summary)
        for target in report.targets:
            say(f"to {target.shown}" + ("" if target.way in channels else f", but {target.way} is not set up"))
        return
    failed = False
    for target in report.targets:
        channel = channels.get(target.way)
        if not isinstance(channel, Carrier):
            said = f"{target.way} is not set up: promptpilot alerts send-test {target.way} says what is missing"
        else:
            receipt = channel.carry(parcel(Errand(report, target, at), made), target.address, again=False)
            said = "" if isinstance(receipt, Sent) else receipt.reason
        failed = failed or bool(said)
        say(f"{target.shown}: {said or 'sent'}")
    raise typer.Exit(Exit.DIFFERENT if failed else Exit.DONE)


@group.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="File to write it to, instead of the terminal.")] = None,
) -> None:
    """The JSON Schema of reports.yaml: editors complete and check by it.

    Write it with --out data/reports.schema.json, and put this first into data/reports.yaml:

    # yaml-language-server: $schema=reports.schema.json
    """
    from app.scheduled.schema import schema as schema_of

    give_schema(out, schema_of(), "reports.yaml")


def _channels(settings: "Settings") -> "Mapping[str, Channel]":
    """The channels that are set up, those of contact points too."""
    from alerts.policy.reading import in_force
    from alerts.telling.credentials import channels, of_points, read_credentials, read_points

    policy, own = in_force(settings.home).policy, read_credentials(os.environ)
    points = read_points(os.environ, policy.contact_points)
    return {**channels(settings, own, now), **of_points(settings, policy, own, points, now)}


def _warn(found: "ReportsOf") -> None:
    for problem in found.problems:
        warn(f"promptpilot: {problem}")
