from collections.abc import Generator
from pathlib import Path

import pytest

from metrics.lake.remote import lake, objects
from metrics.settings import Lake, Settings
from tests.fakes.object_storage import ObjectStorage
from tests.patience import TIMEOUT


@pytest.fixture(scope="session")
def s3() -> Generator[ObjectStorage]:
    storage = ObjectStorage()
    yield storage
    storage.close()


@pytest.fixture
def storage(s3: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> Generator[ObjectStorage]:
    """S3 that answers, and clients that ask once, and wait for what is new."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(objects, "RETRIES", 0)
    monkeypatch.setattr(lake, "PATIENCE_SECONDS", TIMEOUT)
    yield s3
    s3.release()
    s3.refuses = False


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The address of a lake in a folder, which stands for storage where requests do not matter."""
    return (tmp_path / "bucket").as_uri()


def home_of(path: Path, url: str, **settings: object) -> Settings:
    """A home whose tables lie at an address, and that asks for news at every look."""
    return Settings(home=path, lake=Lake(url=url, refresh_seconds=1e-9, **settings))  # pyright: ignore[reportArgumentType]
