"""`promptpilot probes`: what is asked every minute."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.printing import give_schema

group = typer.Typer(name="probes", help="Probes: what is asked every minute.", no_args_is_help=True)


@group.callback()
def probes() -> None:
    """What is asked every minute."""


@group.command()
def schema(
    out: Annotated[Path | None, typer.Option(help="File to write it to, instead of the terminal.")] = None,
) -> None:
    """The JSON Schema of probes.yaml: editors complete and check by it.

    Write it with --out data/probes.schema.json, and put this first into data/probes.yaml:

    # yaml-language-server: $schema=probes.schema.json
    """
    from metrics.collect.probing.schema import schema as schema_of

    give_schema(out, schema_of(), "probes.yaml")
