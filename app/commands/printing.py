"""JSON, tables and sentences on the terminal."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO


def print_json(value: object) -> None:
    """Write `value` to standard output as one JSON document."""
    sys.stdout.flush()
    sys.stdout.buffer.write(json_bytes(value) + b"\n")
    sys.stdout.buffer.flush()


def json_bytes(value: object) -> bytes:
    """`value` as indented JSON; times become ISO in UTC, NaN becomes null, paths become text."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=lambda one: plain(str(one)), option=options)


def plain(text: object) -> str:
    r"""Text that can be written: of a file's name that is no UTF-8, the bytes are written out (`caf\xe9.csv`)."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def table_text(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0) -> str:
    """A table as wide as the terminal, colored where that is one; its last `right` columns hold numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    terminal = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for position, column in enumerate(columns):
        number = position >= len(columns) - right
        table.add_column(escape(column), justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    written = StringIO()
    width = terminal.width if terminal.is_terminal else 200
    if title:
        written.write(title + "\n")
    Console(file=written, width=width, force_terminal=terminal.is_terminal).print(table)
    return "".join(line.rstrip() + "\n" for line in written.getvalue().splitlines())


def say(sentence: str) -> None:
    """A line for the person at the terminal."""
    sys.stdout.write(plain(sentence) + "\n")


def warn(sentence: str) -> None:
    """A line beside the result: on standard error, so that a program reading the result is not disturbed."""
    sys.stderr.write(plain(sentence) + "\n")


def moment(value: datetime | None) -> str:
    """A moment in UTC as people write it; a dash when there is none."""
    return "–" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
