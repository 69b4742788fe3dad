"""How the tables of a database that an earlier version wrote become those of `alerts/store/tables.py`.

A new revision is a module in `versions/` (`v2.py`: `revision = "2"`, `down_revision = "1"`, `upgrade()`), and `HEAD`.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select

HEAD = "4"
"""The newest revision there is."""
_VERSION = Table("alembic_version", MetaData(), Column("version_num", Text))


class Newer(Exception):
    """The database was written by a newer version of the program."""

    def __init__(self, revision: str) -> None:
        super().__init__(f"its tables are of revision {revision}; this version knows them up to {HEAD}")
        self.revision = revision


def revision_of(connection: Connection) -> str | None:
    """The revision of a database's tables; None where there are none yet."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(select(_VERSION.c.version_num)).scalar_one_or_none()


def upgrade(connection: Connection) -> None:
    """Bring the tables up to date, in the transaction of the connection.

    Raises Newer where a newer version of the program has done so already.
    """
    revision = revision_of(connection)
    if revision == HEAD:
        return
    # Most starts find the tables as they are to be, and need no alembic.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise Newer(revision)
    command.upgrade(config, "head")
