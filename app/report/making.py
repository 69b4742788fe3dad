"""From a page and its address to the file."""

from collections.abc import Mapping, Sequence

from app import wording
from app.navigation import Entry
from app.report import html, reading, recording
from app.report.blocks import Report
from app.source import source
from app.state import parse


def made(entry: Entry, query: Mapping[str, Sequence[str]]) -> str:
    """The page at that query of its address, over the home connected to, as an HTML document."""
    return html.document(read(entry, query))


def read(entry: Entry, query: Mapping[str, Sequence[str]]) -> Report:
    """The page at that query of its address, over the home connected to."""
    return Report(entry.title, _made(query), reading.blocks(recording.shown(entry, query)))


def _made(query: Mapping[str, Sequence[str]]) -> str:
    origin = source()
    view = parse(query, origin.settings.timezone).view
    over = "simulated demo data" if origin.is_demo else f"the events in {wording.name(origin.settings.home.name)}"
    words = f"Made {wording.moment(origin.now(), view.zone)} {view.tz} by PromptPilot Observability from {over}."
    return wording.markdown(words)
