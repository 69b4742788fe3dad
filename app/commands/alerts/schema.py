"""`promptpilot alerts schema`: what editors complete and check rule files by."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Home, settings_of
from app.commands.outcome import Exit, Stop
from app.commands.printing import json_bytes, print_json, say


def schema(
    out: Annotated[Path | None, typer.Option(help="File to write it to, instead of the terminal.")] = None,
    home: Home = None,
) -> None:
    """The JSON Schema of rule files, with this home's metrics: editors complete and check by it.

    Write it with --out data/alerts.schema.json, and put this first into data/alerts/mine.yaml:

    # yaml-language-server: $schema=../alerts.schema.json
    """
    from alerts.rules.schema import schema as schema_of
    from metrics.catalog import catalog

    document = schema_of(catalog(settings_of(home)))
    if out is None:
        print_json(document)
        return
    try:
        out.write_bytes(json_bytes(document) + b"\n")
    except OSError as error:
        raise Stop(Exit.ENVIRONMENT, f"{out}: {error.strerror or error}") from error
    say(f"{out}: the first line of a rule file beside it: # yaml-language-server: $schema={out.name}")
