"""A report made: the file, the figures of its tiles in words, and the link to the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from app.boards import Boards
from app.navigation import ENTRIES
from app.report import apart
from app.scheduled.model import Scheduled
from metrics.settings import Settings

_BOARDS = "boards"


@dataclass(frozen=True, slots=True)
class Made:
    """What is sent."""

    title: str
    file_name: str
    content: bytes
    """HTML that needs nothing from elsewhere."""
    summary: str
    """A line a figure."""
    link: str
    """The page, as it is when it is opened."""


def make(report: Scheduled, settings: Settings) -> Made:
    """A report as of now, by `promptpilot report` in a process of its own. Raises ReportFailed."""
    page = report.page or _BOARDS
    query = query_of(report, settings.timezone)
    with TemporaryDirectory(prefix="promptpilot-report-") as directory:
        file = Path(directory) / "report.html"
        told = apart.printed(page, query, "--home", str(settings.home), "--out", str(file), "--summary")
        title, _, summary = told.decode(errors="replace").partition("\n")
        path = "" if any(entry.default and entry.path.stem == page for entry in ENTRIES) else page
        link = f"{settings.alerts.public_url.rstrip('/')}/{path}?{apart.as_address(query)}"
        return Made(
            report.title or _title(report, settings.home) or title.strip(),
            f"{report.board or page}.html",
            file.read_bytes(),
            summary.strip(),
            link,
        )


def _title(report: Scheduled, home: Path) -> str:
    """What its board is called; empty for a page."""
    kept = Boards().load(home, {}).boards.get(report.board)
    return kept.board.title if kept else ""


def query_of(report: Scheduled, timezone: str) -> Mapping[str, Sequence[str]]:
    """The query of the page's address."""
    given = {
        "board": [report.board] if report.board else [],
        "range": [report.range],
        "tz": [report.zone] if report.zone and report.zone != timezone else [],
        "compare": ["1"] if report.compare else [],
        "f": list(report.filters),
    }
    return {name: values for name, values in given.items() if values}
