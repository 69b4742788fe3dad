"""A report made: the file, the figures of its tiles in words, and the link to the page."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode

from app.boards import Boards
from app.navigation import ENTRIES
from app.scheduled.model import Scheduled
from metrics.settings import Settings

TIMEOUT = 300
"""Seconds after which a report is given up."""
_ROOT = Path(__file__).resolve().parents[2]
_BOARDS = "boards"


class NotMade(Exception):
    """Says why there is no file."""


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
    """A report as of now, by `promptpilot report` in a process of its own. Raises NotMade."""
    page = report.page or _BOARDS
    query = urlencode(query_of(report, settings.timezone), doseq=True, quote_via=quote)
    with TemporaryDirectory(prefix="promptpilot-report-") as directory:
        file = Path(directory) / "report.html"
        command = (
            sys.executable, "-m", "app.cli", "report", page, "--link", "-", "--home", str(settings.home),
            "--out", str(file), "--summary",
        )  # fmt: skip
        try:
            done = subprocess.run(
                command, cwd=_ROOT, input=query.encode(), capture_output=True, timeout=TIMEOUT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotMade(f"promptpilot report: {error}") from error
        if done.returncode:
            raise NotMade(
                done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "promptpilot report failed"
            )
        title, _, summary = done.stdout.decode(errors="replace").partition("\n")
        path = "" if any(entry.default and entry.path.stem == page for entry in ENTRIES) else page
        link = f"{settings.alerts.public_url.rstrip('/')}/{path}?{query}"
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
