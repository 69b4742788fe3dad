"""The lease of homes that take turns to write a lake."""

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, PrimaryKeyConstraint, Text

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "leases",
        Column("name", Text(), nullable=False),
        Column("holder", Text(), nullable=False),
        Column("host", Text(), nullable=False),
        Column("turn", BigInteger(), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("name", name="pk_leases"),
    )
