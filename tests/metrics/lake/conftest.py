from collections.abc import Callable
from pathlib import Path

import pytest

from metrics.lake.ingest import FileOutcome, ingest
from metrics.settings import Settings
from tests.metrics.lake.files import NOW

Store = Callable[..., tuple[FileOutcome, ...]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def store(settings: Settings) -> Store:
    """Ingest paths; gives what became of each."""
    return lambda *paths: ingest([*paths], settings, now=lambda: NOW).files
