"""How the tables of the alert database come to be what the program expects; on both databases."""

from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
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
    with pytest.raises(ConfigurationError, match=r"newer version of PromptPilot.*revision 999.*up to 4"):
        open_store(new_address)


def test_what_an_earlier_version_wrote_is_kept(new_address: str, open_store: OpenStore) -> None:
    engine = create_engine(new_address)
    with engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", migrations.__path__[0])
        command.upgrade(config, "1")
        for name, rule, labels in (("one", "errors", '{"endpoint":"/chat","region":""}'), ("all", "", "{}")):
            connection.execute(
                text(
                    "INSERT INTO silences (id, starts_at, ends_at, reason, who, rule, labels) "
                    "VALUES (:id, '2026-05-01 12:00:00', '2026-05-01 14:00:00', 'deploy', 'ada', :rule, :labels)"
                ),
                {"id": name, "rule": rule, "labels": labels},
            )
        connection.execute(
            text(
                "INSERT INTO incidents (id, rule, labels, title, priority, opened_at, members, firing, acknowledged_by,"
                " resolution, first_told_at, told, escalated, withheld, late) VALUES ('one', 'errors', '[]', 'Errors', "
                "'P1', '2026-05-01 12:00:00', '[]', '[]', '', '', '2026-05-01 12:00:00', '[]', 0, '', :late)"
            ),
            {"late": False},
        )
    engine.dispose()
    with open_store(new_address).reading() as repository:
        found = {one.id: list(map(str, one.matchers)) for one in repository.silences()}
        (incident,) = repository.incidents()
    assert found == {"one": ["rule=errors", "endpoint=/chat", "region=(none)"], "all": []}
    assert incident.delivered_at == incident.first_told_at is not None
