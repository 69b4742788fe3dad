"""The database of alerts: SQLite in the home, or PostgreSQL where several machines share it.

A tick, a button on the page and a command are one short transaction each:

    store = Store.of(settings)
    with store.writing() as repository:            # alone among writers
        incident = repository.incident(incident_id)
        repository.save_incidents([replace(incident, acknowledged_at=now, acknowledged_by=who)])
    with store.reading() as repository:            # one moment of the database, whatever is written meanwhile
        incidents = repository.incidents()

What a transaction can do is in `repository.py` and `outbox.py`; the tables are in `tables.py`.
"""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError

from alerts.store.migrations import HEAD, Newer, revision_of, upgrade
from alerts.store.repository import Repository
from metrics.events.problems import ConfigurationError
from metrics.lake.private import make_private_file
from metrics.settings import Settings

FILE_NAME = "state.db"
DRIVERS = {
    "sqlite": "sqlite", "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg", "postgres": "postgresql+psycopg",
}  # fmt: skip
"""How an address may begin, and the driver for it."""
WAIT_SECONDS = 30
"""How long a writer waits for another."""
ATTEMPTS = 20
WRITERS = 7_016_996_765_293_437_281
"""Number of the lock that writers on PostgreSQL hold one after another."""


class StoreUnavailable(OSError):
    """The database cannot be worked with now: which one, why, what to do. Trying again later may help."""


class Store:
    """The alert database behind an address. May be shared by threads."""

    def __init__(self, url: str) -> None:
        """Open the database, and bring its tables up to date.

        Raises:
            ConfigurationError: the address is none, or a newer version of the program wrote the database.
            StoreUnavailable: the database does not answer.
        """
        parsed = _address(url)
        self.address = parsed.render_as_string(hide_password=True)
        """The address without its password."""
        self._engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
        try:
            self._bring_up_to_date()
        except BaseException:
            self.close()
            raise

    @classmethod
    def of(cls, settings: Settings) -> "Store":
        """The database that the settings name; `state.db` of the home unless they do."""
        if settings.alerts.database_url:
            return cls(settings.alerts.database_url)
        return cls(str(URL.create("sqlite", database=str(settings.home.absolute() / FILE_NAME))))

    @contextmanager
    def writing(self) -> Generator[Repository]:
        """A transaction alone among writers: nobody changes what it has read. All of it is kept, or nothing.

        Keep it short, and ask nobody else meanwhile. Raises StoreUnavailable.
        """
        with self._transaction(writing=True) as connection:
            yield Repository(connection)

    @contextmanager
    def reading(self) -> Generator[Repository]:
        """The database as it is at one moment. Raises StoreUnavailable."""
        with self._transaction(writing=False) as connection:
            yield Repository(connection)

    @contextmanager
    def apart(self) -> Generator[Connection]:
        """A transaction that changes one row alone, and waits for none of the writers. Raises StoreUnavailable."""
        with self._transaction(writing=True, is_alone=False) as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _bring_up_to_date(self) -> None:
        with self._transaction(writing=False) as connection:
            if revision_of(connection) == HEAD:
                return
        try:
            with self._transaction(writing=True) as connection:
                upgrade(connection)
        except Newer as newer:
            raise ConfigurationError(
                f"the alert database {self.address} was written by a newer version of PromptPilot ({newer}): "
                "start that version, or name another database in alerts.database_url"
            ) from newer

    @contextmanager
    def _transaction(self, writing: bool, is_alone: bool = True) -> Generator[Connection]:
        try:
            with self._engine.connect() as connection:
                _choose(connection, writing)
                with connection.begin():
                    if writing and is_alone and connection.dialect.name == "postgresql":
                        connection.execute(select(func.set_config("lock_timeout", f"{WAIT_SECONDS}s", True)))
                        connection.execute(select(func.pg_advisory_xact_lock(WRITERS)))
                    yield connection
        except DBAPIError as error:
            if not isinstance(error, OperationalError | InterfaceError) and type(error) is not DatabaseError:
                raise  # a defect, not an outage
            raise StoreUnavailable(f"the alert database {self.address} cannot be used now: {_reason(error)}") from error


def _address(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(_EXPECTED) from error
    if parsed.drivername not in DRIVERS:
        raise ConfigurationError(_EXPECTED)
    return parsed.set(drivername=DRIVERS[parsed.drivername])


_EXPECTED = (
    "alerts.database_url: no address of a database; expected such as "
    "postgresql+psycopg://user:password@host/name or sqlite:////path/state.db"
)


def _sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:" and "uri" not in url.query:
        file = Path(url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        make_private_file(file)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": WAIT_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
    _write_ahead(connection)
    # FULL: what was told is not forgotten when the power fails, or it would be told twice.
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer not wait for one another; the file stays so.

    SQLite does not wait for others when it changes the mode, but a writer does: so we wait as one.
    """
    for _ in range(ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _postgresql(url: URL) -> Engine:
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args={"connect_timeout": 10})


def _choose(connection: Connection, writing: bool) -> None:
    """Options of the transaction that is about to begin."""
    if connection.dialect.name == "sqlite":
        connection.execution_options(writing=writing)
    elif not writing:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
