"""JSON, tables and sentences on the terminal; `app.terminal` makes harmless what is in them."""

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from app.commands.outcome import Exit, Stop
from app.terminal import plain, visible, visible_lines


def print_json(value: object) -> None:
    """Write `value` to standard output as one JSON document."""
    sys.stdout.flush()
    sys.stdout.buffer.write(json_bytes(value) + b"\n")
    sys.stdout.buffer.flush()


def json_bytes(value: object) -> bytes:
    """`value` as indented JSON; times become ISO in UTC, NaN becomes null, paths become text."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
    document = orjson.dumps(value, default=plain, option=options)
    if document.isascii() and b"\x7f" not in document:
        return document  # orjson has written out all others
    return _NO_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document.decode()).encode()


_NO_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What JSON allows within a text, and a terminal may take for an order."""


def give_schema(out: Path | None, schema: object, of: str, way: str = "") -> None:
    """Print a JSON Schema; or write it to a file, and say with which line a file `of` that sort names it.

    `way` leads from there to the folder of the schema. Raises Stop.
    """
    if out is None:
        print_json(schema)
        return
    try:
        out.write_bytes(json_bytes(schema) + b"\n")
    except OSError as error:
        raise Stop(Exit.ENVIRONMENT, f"{out}: {error.strerror or error}") from error
    say(f"{out}: the first line of {of} beside it: # yaml-language-server: $schema={way}{out.name}")


def table_text(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0) -> str:
    """A table as wide as the terminal; its last `right` columns hold numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    terminal = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        number = position >= len(columns) - right
        table.add_column(
            escape(visible(column)), justify="right" if number else "left", overflow="fold", no_wrap=number
        )
    for row in rows:
        table.add_row(*(escape(visible(cell)) for cell in row))
    written = StringIO()
    width = terminal.width if terminal.is_terminal else 200
    if title:
        written.write(visible(title) + "\n")
    Console(file=written, width=width).print(table)
    return "".join(line.rstrip() + "\n" for line in written.getvalue().splitlines())


def say(sentence: str) -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(visible(sentence) + "\n")


def say_lines(text: str) -> None:
    """Several lines for them: a table, a list."""
    sys.stdout.write(visible_lines(text) + "\n")


def warn(sentence: str) -> None:
    """A line beside the result: on standard error, so that a program reading the result is not disturbed."""
    sys.stderr.write(visible(sentence) + "\n")


def moment(value: datetime | None) -> str:
    """A moment in UTC as people write it; a dash when there is none."""
    return "–" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
