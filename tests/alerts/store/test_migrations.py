"""How the tables of the alert database come to be what the program expects; on both databases."""

from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from alerts.store import Store, migrations
from alerts.store.tables import METADATA
from metrics.events.problems import ConfigurationError
from tests.alerts.known import NOON
from tests.alerts.other_process import Other

OpenStore = Callable[[str], Store]


def test_the_revisions_make_the_tables_that_the_program_uses(new_address: str, open_store: OpenStore) -> None:
    open_store(new_address)
    engine = create_engine(new_address)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), METADATA)
    engine.dispose()
    assert differences == []


def test_the_newest_revision_is_named() -> None:
    assert ScriptDirectory(migrations.__path__[0]).get_current_head() == migrations.HEAD


def test_opening_it_again_changes_nothing(new_address: str, open_store: OpenStore) -> None:
    for _ in range(2):
        with open_store(new_address).writing() as repository:
            repository.save_rule_texts({"alerts.yaml": "[]"}, NOON)
    with open_store(new_address).reading() as repository:
        assert repository.rule_texts() == {"alerts.yaml": "[]"}


def test_processes_that_start_at_once_do_not_stumble_over_one_another(
    new_address: str, others: tuple[Other, Other]
) -> None:
    for other in others:
        other.begin("open", new_address)
    assert [other.says() for other in others] == ["done", "done"]


def test_a_database_of_a_newer_version_is_refused(new_address: str, open_store: OpenStore) -> None:
    open_store(new_address)
    engine = create_engine(new_address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '999'"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match=r"newer version of PromptPilot.*revision 999.*up to 2"):
        open_store(new_address)
