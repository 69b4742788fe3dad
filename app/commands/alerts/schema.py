"""`promptpilot alerts schema`: what editors complete and check rule files by."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import Home, settings_of
from app.commands.printing import give_schema


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

    give_schema(out, schema_of(catalog(settings_of(home))), "a rule file")
