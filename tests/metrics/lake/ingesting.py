"""What is killed: one look at an inbox."""

from pathlib import Path

from metrics.lake.ingest import ingest_inbox
from metrics.settings import Settings
from tests.metrics.lake.files import NOW


def look(home: Path) -> None:
    """Store what lies in the inbox of a home."""
    ingest_inbox(Settings(home=home), now=lambda: NOW, wait=False)
