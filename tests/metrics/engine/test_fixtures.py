"""Queries and the SQL they become: `tests/fixtures/queries/*.sql`, which anyone can extend without reading Python.

A case is a comment with a title and the query as YAML, then the statements over logical tables, each
followed by its bound values. After a change that is meant, write the statements anew and read the diff:

    UPDATE_FIXTURES=1 python -m pytest tests/metrics/engine/test_fixtures.py
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import sqlglot
import yaml
from sqlglot import exp

from metrics.engine import Engine, Query
from metrics.engine.statement import Statement
from metrics.settings import Settings
from tests.metrics.engine.compared import EXACT, FROM_BINS, differences
from tests.metrics.engine.facts import Events
from tests.metrics.engine.oracle import answer

FOLDER = Path(__file__).parents[2] / "fixtures" / "queries"
MARK = "-- title: "


@dataclass(frozen=True)
class Case:
    """One query and its statements."""

    file: str
    title: str
    header: str
    """The query as YAML."""
    sql: str

    @property
    def query(self) -> Query:
        """The query, checked."""
        return Query.model_validate(yaml.safe_load(self.header))


def cases_of(path: Path) -> Iterator[Case]:
    """The cases of one file."""
    for block in path.read_text(encoding="utf-8").split(MARK)[1:]:
        title, *lines = block.strip().splitlines()
        header = [line.removeprefix("--") for line in lines if line.startswith("--   ")]
        rest = [line for line in lines if not line.startswith("--   ")]
        yield Case(path.name, title, "\n".join(header), "\n".join(rest).strip())


def written(case: Case, sql: str) -> str:
    """A case as it stands in its file."""
    header = "\n".join(f"--{line}" for line in case.header.splitlines())
    return f"{MARK}{case.title}\n{header}\n{sql}\n"


def statements(engine: Engine, query: Query) -> list[Statement]:
    """What is asked of the database."""
    return [step.statement for step in engine.plan(query).steps]


def shown(statement: Statement) -> str:
    """A statement and its bound values."""
    bound = [f"-- ${name} = {_value(value)}" for name, value in sorted(statement.parameters.items())]
    return "\n".join((statement.pretty() + ";", *bound))


def _value(value: object) -> str:
    items = value if isinstance(value, list) else [value]
    texts = [item.isoformat() if isinstance(item, datetime) else str(item) for item in items]
    few = texts if len(texts) <= 3 else [*texts[:2], "…", texts[-1]]
    return f"[{', '.join(few)}]" if isinstance(value, list) else texts[0]


CASES = [case for path in sorted(FOLDER.glob("*.sql")) for case in cases_of(path)]
MINUTES = "minutes.sql"
"""Cases that are answered from minutes although there are few events."""
named = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.title}")


@pytest.fixture
def asked(case: Case, engine: Engine, world_home: Path) -> Engine:
    """The engine a case is put to."""
    return Engine(Settings(home=world_home), exact_up_to=0, minutes_from=0) if case.file == MINUTES else engine


@named
def test_query_becomes_the_statements_of_its_fixture(case: Case, asked: Engine) -> None:
    made = "\n\n".join(shown(statement) for statement in statements(asked, case.query))
    if os.environ.get("UPDATE_FIXTURES"):
        path = FOLDER / case.file
        path.write_text(
            path.read_text(encoding="utf-8").replace(_block(path, case), written(case, made)), encoding="utf-8"
        )
    else:
        assert made == case.sql


@named
def test_statements_mean_what_the_oracle_says(case: Case, asked: Engine, world_events: Events) -> None:
    frame = asked.answer(case.query).frame
    for metric in case.query.metrics:
        close = FROM_BINS if "_p" in metric else EXACT
        assert differences(metric, frame, answer(metric, world_events, case.query), case.query, close).is_empty(), (
            metric
        )


@named
def test_statements_read_logical_tables_only(case: Case, asked: Engine) -> None:
    for statement in statements(asked, case.query):
        within = {cte.alias for cte in statement.tree.find_all(exp.CTE)}
        tables = [table for table in statement.tree.find_all(exp.Table) if table.name not in within]
        assert {table.db for table in tables} <= {"events", "rollups"}
        assert {(table.db, table.name) for table in tables} == {(r.schema_name, r.name) for r in statement.relations}
        assert sqlglot.parse_one(statement.duckdb_sql(), read="duckdb")


def _block(path: Path, case: Case) -> str:
    blocks = path.read_text(encoding="utf-8").split(MARK)[1:]
    found = next(block for block in blocks if block.strip().splitlines()[0] == case.title)
    return MARK + found.rstrip() + "\n"
