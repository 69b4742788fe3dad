"""Silences have matchers in the place of a rule and labels; incidents know when a message about them arrived."""

import json
from collections.abc import Mapping

from alembic import op
from sqlalchemy import Column, DateTime, Text, column, select, table, update

revision = "3"
down_revision = "2"

SILENCES = table("silences", column("id"), column("rule"), column("labels"), column("matchers"))
INCIDENTS = table("incidents", column("delivered_at"), column("first_told_at"))


def upgrade() -> None:
    """Change them; what was told before is taken to have arrived."""
    op.add_column("incidents", Column("delivered_at", DateTime(timezone=True)))
    op.execute(update(INCIDENTS).values(delivered_at=INCIDENTS.c.first_told_at))
    op.add_column("silences", Column("matchers", Text()))
    connection = op.get_bind()
    for row in connection.execute(select(SILENCES)).all():
        matchers = _matchers(row.rule, json.loads(row.labels))
        connection.execute(update(SILENCES).where(SILENCES.c.id == row.id).values(matchers=matchers))
    with op.batch_alter_table("silences") as silences:
        silences.alter_column("matchers", existing_type=Text(), nullable=False)
        silences.drop_column("rule")
        silences.drop_column("labels")


def _matchers(rule: str, labels: Mapping[str, str]) -> str:
    named = [("rule", rule)] if rule else []
    return json.dumps([[name, "=", value] for name, value in (*named, *labels.items())], separators=(",", ":"))
