"""A demo that was made once, for tests that let a copy of it go on."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.demo.making import make_demo
from metrics.settings import Settings
from tests.conftest import made_once

NOW = datetime(2026, 5, 10, 12, 30, tzinfo=UTC)
"""When it was made."""


@pytest.fixture(scope="session")
def made_demo(shared_directory: Path) -> Path:
    """A home with a small demo of that moment; not to be written to."""

    def make(home: Path) -> None:
        make_demo(Settings(home=home), lambda: NOW, days=2, per_day=300)

    return made_once(shared_directory / "demo", make)


@pytest.fixture
def demo_home(made_demo: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made_demo, tmp_path / "home"))
