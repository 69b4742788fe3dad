"""The tables as they were first."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "1"
down_revision = None

TEXT, MOMENT, NUMBER, INTEGER, BOOLEAN = Text(), DateTime(timezone=True), Double(), Integer(), Boolean()
SEQUENCE = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "evaluated",
        Column("rule", TEXT, nullable=False),
        Column("at", MOMENT, nullable=False),
        PrimaryKeyConstraint("rule", name="pk_evaluated"),
    )  # fmt: skip
    op.create_table(
        "incidents",
        Column("id", TEXT, nullable=False),
        Column("rule", TEXT, nullable=False),
        Column("labels", TEXT, nullable=False),
        Column("title", TEXT, nullable=False),
        Column("priority", TEXT, nullable=False),
        Column("opened_at", MOMENT, nullable=False),
        Column("members", TEXT, nullable=False),
        Column("firing", TEXT, nullable=False),
        Column("acknowledged_at", MOMENT),
        Column("acknowledged_by", TEXT, nullable=False),
        Column("resolved_at", MOMENT),
        Column("resolution", TEXT, nullable=False),
        Column("first_told_at", MOMENT),
        Column("told_at", MOMENT),
        Column("told", TEXT, nullable=False),
        Column("escalated", INTEGER, nullable=False),
        Column("flapping_since", MOMENT),
        Column("withheld", TEXT, nullable=False),
        Column("late", BOOLEAN, nullable=False),
        PrimaryKeyConstraint("id", name="pk_incidents"),
    )  # fmt: skip
    op.create_index("ix_incidents_opened_at", "incidents", ["opened_at"])
    op.create_index("ix_incidents_resolved_at", "incidents", ["resolved_at"])
    op.create_table(
        "instances",
        Column("id", TEXT, nullable=False),
        Column("rule", TEXT, nullable=False),
        Column("labels", TEXT, nullable=False),
        Column("state", TEXT, nullable=False),
        Column("breaching_since", MOMENT),
        Column("recovering_since", MOMENT),
        Column("since", MOMENT),
        Column("fired_at", MOMENT),
        Column("value", NUMBER),
        Column("worst", NUMBER),
        Column("evaluated_at", MOMENT),
        Column("recent", TEXT),
        PrimaryKeyConstraint("id", name="pk_instances"),
    )  # fmt: skip
    op.create_table(
        "rule_texts",
        Column("name", TEXT, nullable=False),
        Column("text", TEXT, nullable=False),
        Column("saved_at", MOMENT, nullable=False),
        PrimaryKeyConstraint("name", name="pk_rule_texts"),
    )  # fmt: skip
    op.create_table(
        "silences",
        Column("id", TEXT, nullable=False),
        Column("starts_at", MOMENT, nullable=False),
        Column("ends_at", MOMENT, nullable=False),
        Column("reason", TEXT, nullable=False),
        Column("who", TEXT, nullable=False),
        Column("rule", TEXT, nullable=False),
        Column("labels", TEXT, nullable=False),
        PrimaryKeyConstraint("id", name="pk_silences"),
    )  # fmt: skip
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"])
    op.create_table(
        "transitions",
        Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        Column("id", TEXT, nullable=False),
        Column("rule", TEXT, nullable=False),
        Column("labels", TEXT, nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("value", NUMBER),
        Column("reason", TEXT, nullable=False),
        Column("late", BOOLEAN, nullable=False),
        PrimaryKeyConstraint("sequence", name="pk_transitions"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_transitions_at", "transitions", ["at"])
    op.create_table(
        "alerts",
        Column("id", TEXT, nullable=False),
        Column("fired_at", MOMENT, nullable=False),
        Column("rule", TEXT, nullable=False),
        Column("labels", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("priority", TEXT, nullable=False),
        Column("state", TEXT, nullable=False),
        Column("since", MOMENT, nullable=False),
        Column("ended_at", MOMENT),
        Column("value", NUMBER),
        Column("worst", NUMBER),
        Column("incident", TEXT),
        Column("withheld", TEXT, nullable=False),
        Column("late", BOOLEAN, nullable=False),
        Column("reason", TEXT, nullable=False),
        _of_an_incident("fk_alerts_incident"),
        PrimaryKeyConstraint("id", "fired_at", name="pk_alerts"),
    )  # fmt: skip
    op.create_index("ix_alerts_ended_at", "alerts", ["ended_at"])
    op.create_index("ix_alerts_fired_at", "alerts", ["fired_at"])
    op.create_index("ix_alerts_incident", "alerts", ["incident"])
    op.create_table(
        "outbox",
        Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        Column("key", TEXT, nullable=False),
        Column("incident", TEXT, nullable=False),
        Column("target", TEXT, nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("alerts", TEXT, nullable=False),
        Column("others", TEXT, nullable=False),
        Column("note", TEXT, nullable=False),
        Column("who", TEXT, nullable=False),
        Column("message", TEXT, nullable=False),
        Column("status", TEXT, nullable=False),
        Column("queued_at", MOMENT, nullable=False),
        Column("due_at", MOMENT, nullable=False),
        Column("leased_until", MOMENT),
        Column("begun_at", MOMENT),
        Column("attempts", INTEGER, nullable=False),
        Column("finished_at", MOMENT),
        Column("reason", TEXT, nullable=False),
        Column("reference", TEXT),
        _of_an_incident("fk_outbox_incident"),
        PrimaryKeyConstraint("sequence", name="pk_outbox"),
        UniqueConstraint("key", name="uq_outbox_key"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_outbox_incident_target", "outbox", ["incident", "target"])
    op.create_index("ix_outbox_status_due_at", "outbox", ["status", "due_at"])
    op.create_table(
        "timeline",
        Column("sequence", SEQUENCE, autoincrement=True, nullable=False),
        Column("at", MOMENT, nullable=False),
        Column("kind", TEXT, nullable=False),
        Column("text", TEXT, nullable=False),
        Column("incident", TEXT),
        Column("id", TEXT),
        Column("rule", TEXT),
        Column("labels", TEXT),
        Column("who", TEXT, nullable=False),
        _of_an_incident("fk_timeline_incident"),
        PrimaryKeyConstraint("sequence", name="pk_timeline"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_timeline_at", "timeline", ["at"])
    op.create_index("ix_timeline_incident", "timeline", ["incident"])
    op.create_index("ix_timeline_rule_at", "timeline", ["rule", "at"])


def _of_an_incident(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["incident"], ["incidents.id"], name=name, ondelete="CASCADE", deferrable=True, initially="DEFERRED"
    )
