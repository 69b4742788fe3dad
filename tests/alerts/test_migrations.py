"""How the tables of the alert database come to be what the program expects."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from alerts import migrations
from alerts.store import Store
from alerts.tables import METADATA
from metrics.events.problems import ConfigurationError

AT_ONCE = 4
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPENING = "import sys; from alerts.store import Store; sys.stdin.readline(); Store(sys.argv[1]).close()"


def test_the_revisions_make_the_tables_that_the_program_uses(store: Store, address: str) -> None:
    engine = create_engine(address)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert differences == []


def test_the_newest_revision_is_named() -> None:
    assert ScriptDirectory(migrations.__path__[0]).get_current_head() == migrations.HEAD


def test_opening_it_again_changes_nothing(address: str, open_store: Callable[[str], Store]) -> None:
    for _ in range(2):
        with open_store(address).writing() as book:
            book.save_rule_texts({"alerts.yaml": "[]"}, NOW)
    with open_store(address).reading() as book:
        assert book.rule_texts() == {"alerts.yaml": "[]"}


def test_processes_that_start_at_once_do_not_stumble_over_one_another(address: str) -> None:
    command = [sys.executable, "-c", OPENING, address]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(AT_ONCE)
    ]
    ended = [process.communicate("now\n", timeout=60)[1] for process in started]
    assert ended == [""] * AT_ONCE


def test_a_database_of_a_newer_version_is_refused(store: Store, address: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '999'"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match=r"newer version of PromptPilot.*revision 999.*up to 1"):
        Store(address)
