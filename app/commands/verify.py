"""`promptpilot verify`: are the numbers what the events say?"""

from dataclasses import asdict

import typer

from app.commands.options import Home, Json, now, settings_of
from app.commands.outcome import Exit
from app.commands.printing import print_json, say, say_lines, table_text, warn

_SHOWN = 20


def verify(as_json: Json = False, home: Home = None) -> None:
    """Compare what the pages show with the raw events, and with a second engine; exit 1 on a difference."""
    settings = settings_of(home)

    from app.verification import remember
    from app.verification import verify as compare

    found = compare(settings)
    try:
        remember(settings.home, found, now())
    except OSError as error:
        warn(f"what came of it cannot be kept for System health: {error.strerror or error}")
    if as_json:
        differences = [asdict(difference) for difference in found.differences]
        print_json({"compared": found.compared, "differences": differences})
    elif found.differences:
        rows = [[item.metric, item.where, str(item.answered), str(item.expected)] for item in found.differences]
        columns = ["metric", "where", "shown", "from the events"]
        say_lines(
            table_text(f"{len(rows):,} of {found.compared:,} figures differ", columns, rows[:_SHOWN], right=2).rstrip()
        )
    else:
        say(f"{found.compared:,} figures compared, none differs")
    if found.differences:
        raise typer.Exit(Exit.DIFFERENT)
