"""`promptpilot report`: a page as one HTML file that opens anywhere, without a network."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs

import typer

from app.commands.answer import write
from app.commands.options import End, Home, Last, Start, Where, now, settings_of
from app.commands.outcome import Exit, Stop, unknown, wrong
from app.commands.printing import say_lines
from app.commands.window import DEFAULT_LAST, parse_filters, parse_window

if TYPE_CHECKING:
    from metrics.engine.query import Window
    from metrics.settings import Settings


def report(
    page: Annotated[str, typer.Argument(metavar="PAGE", help="A page of the menu, such as executive.")],
    out: Annotated[Path | None, typer.Option(help="File to write, instead of standard output.")] = None,
    last: Last = None,
    start: Start = None,
    end: End = None,
    where: Where = None,
    tz: Annotated[str | None, typer.Option(help="Time zone of the page; default from settings.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Draw the period before, too.")] = False,
    link: Annotated[
        str | None,
        typer.Option(help="What follows the question mark in the address of a page, instead of the above; - reads it."),
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="With --out: print its title, and its tiles a line each.")
    ] = False,
    home: Home = None,
) -> None:
    """Write a page as a self-contained HTML file.

    Example: promptpilot report executive --last 7d --out executive.html
    """
    if out is None and sys.stdout.isatty():
        raise wrong("a report is not for reading on a terminal: give --out FILE or pipe it")
    if summary and out is None:
        raise wrong("--summary is printed beside a file: give --out FILE, too")
    settings = settings_of(home)
    if link is not None and (last or start or end or where or tz or compare):
        raise wrong("--link says range, filters and time zone already: give either it or the others")
    if link is None:
        query = _query(settings, last, start, end, where or (), tz, compare)
    else:
        query = parse_qs((sys.stdin.read() if link == "-" else link).strip().lstrip("?"))
    title, told, written = _read(page, query, settings)
    write(written, out)
    if summary:
        say_lines(f"{title}\n{told}")


def _query(
    settings: "Settings",
    last: str | None,
    start: str | None,
    end: str | None,
    where: Sequence[str],
    tz: str | None,
    compare: bool,
) -> Mapping[str, list[str]]:
    """The query of the page's address that means the options."""
    from app.state import View, serialise

    zone = tz or settings.timezone
    _check_zone(zone)
    view = View(_range(last, start, end, zone), zone, compare, parse_filters(where))
    return serialise(view, settings.timezone)


def _range(last: str | None, start: str | None, end: str | None, zone: str) -> "str | Window":
    """A range that ends at the newest event where the page knows one of that length, else a fixed window."""
    from app.state import PRESETS

    length = last or DEFAULT_LAST
    return length if not (start or end) and length in PRESETS else parse_window(last, start, end, zone, now())


def _check_zone(name: str) -> None:
    from metrics.zones import zone

    try:
        zone(name)
    except ValueError as error:
        raise wrong(str(error)) from error


def _read(page: str, query: Mapping[str, Sequence[str]], settings: "Settings") -> tuple[str, str, bytes]:
    """Title, summary and HTML of a page."""
    from app import source
    from app.navigation import ENTRIES
    from app.report import html
    from app.report.making import read
    from app.report.recording import Unshown
    from app.report.summary import summary

    entries = {entry.path.stem: entry for entry in ENTRIES}
    if page not in entries:
        raise unknown("page", page, entries, f"there are {', '.join(entries)}")
    origin = source.opened(settings)
    source.connect_through(lambda: origin)
    try:
        found = read(entries[page], query)
        return found.title, summary(found), html.document(found).encode()
    except Unshown as error:
        raise Stop(Exit.DEFECT, str(error)) from error
    finally:
        source.connect_through(None)
