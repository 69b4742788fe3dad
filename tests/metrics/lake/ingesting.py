"""What is killed: one look at an inbox."""

from pathlib import Path

from metrics.lake.ingest import ingest_inbox
from metrics.settings import Settings
from tests.metrics.lake.files import NOW


def look(home: Path) -> None:
    """Store what lies in the inbox of a home."""
    look_with(Settings(home=home))


def look_with(settings: Settings) -> None:
    """Store what lies in an inbox, or send it to whom settings say."""
    ingest_inbox(settings, now=lambda: NOW, wait=False)
