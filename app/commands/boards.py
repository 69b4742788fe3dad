"""`promptpilot boards`: which boards there are, and what is wrong with any of them."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Home, Json, settings_of, warn_of_own_metrics
from app.commands.outcome import Exit
from app.commands.printing import give_schema, print_json, say, say_lines, table_text, warn

group = typer.Typer(name="boards", help="Boards: figures that somebody chose, side by side.", no_args_is_help=True)


@group.command()
def check(as_json: Json = False, home: Home = None) -> None:
    """Say what is wrong with the files of the folder boards: file, line, key and what was expected.

    Exit code 1 where anything is.
    """
    from app.boards import Boards
    from metrics.catalog import catalog

    settings = settings_of(home)
    warn_of_own_metrics(settings)
    found = Boards().load(settings.home, catalog(settings))
    if as_json:
        print_json({
            "boards": len(found.boards),
            "problems": [
                {"file": one.file, "line": one.line, "key": one.key, "problem": one.said} for one in found.problems
            ],
        })  # fmt: skip
    else:
        for problem in found.problems:
            say(str(problem))
        wrong = len(found.problems)
        boards = f"{len(found.boards)} board{'' if len(found.boards) == 1 else 's'} can be shown"
        say(f"{boards}; {f'{wrong} problem' + ('' if wrong == 1 else 's') if wrong else 'no problem'}")
    raise typer.Exit(Exit.DIFFERENT if found.problems else Exit.DONE)


@group.command("list")
def listed(as_json: Json = False, home: Home = None) -> None:
    """Every board: its name in links, its title, its figures and its file."""
    from app.boards import Boards
    from metrics.catalog import catalog

    settings = settings_of(home)
    warn_of_own_metrics(settings)
    found = Boards().load(settings.home, catalog(settings))
    if as_json:
        print_json([
            {
                "board": one.name, "title": one.board.title, "file": one.file, "figures": len(one.board.items),
                "not shown": len(one.wrong),
            }
            for one in found.boards.values()
        ])  # fmt: skip
    elif not found.boards:
        say("There is no board: see docs/boards.md for the folder boards.")
    else:
        rows = [
            [one.name, one.board.title, one.file, str(len(one.board.items)), str(len(one.wrong) or "")]
            for one in found.boards.values()
        ]
        say_lines(table_text("Boards", ["board", "title", "file", "figures", "not shown"], rows, right=2))
    if found.faults:
        warn(f"promptpilot: files that are no boards: {len(found.faults)}; promptpilot boards check says why")


@group.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="File to write it to, instead of the terminal.")] = None,
    home: Home = None,
) -> None:
    """The JSON Schema of a board, with this home's metrics: editors complete and check by it.

    Write it with --out data/boards.schema.json, and put this first into data/boards/mine.yaml:

    # yaml-language-server: $schema=../boards.schema.json
    """
    from app.boards.schema import schema as schema_of
    from metrics.catalog import catalog

    give_schema(out, schema_of(catalog(settings_of(home))), "a board", way="../")
