"""Every test of what alerts keep runs over both databases: the `store` it asks for is made over each."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from alerts.store import Store
from alerts.store.tables import METADATA
from tests.alerts.other_process import Other, another
from tests.fakes.postgres import Postgres, postgres

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_server() -> Generator[Postgres]:
    """A PostgreSQL server of this test process."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Postgres) -> str:
    """The address of a database that tests use one after another: to make one takes longer than most tests."""
    address = postgres_server.new_database()
    Store(address).close()
    return address


@pytest.fixture(scope="session")
def others() -> Generator[tuple[Other, Other]]:
    """Two processes that work on the same databases as the tests."""
    with another() as one, another() as other:
        yield one, other


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return request.param


@pytest.fixture
def new_address(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database that nobody has opened yet."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def address(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database that holds nothing."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    found: str = request.getfixturevalue("postgres_database")
    engine = create_engine(found)
    with engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    return found


@pytest.fixture
def open_store() -> Generator[Callable[[str], Store]]:
    """Opens the store behind an address, as another process would; closed after the test."""
    opened: list[Store] = []

    def open_one(address: str) -> Store:
        opened.append(Store(address))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(address: str, open_store: Callable[[str], Store]) -> Store:
    """A store with nothing in it."""
    return open_store(address)
