"""What verdicts over grown windows stand on, and where there were too few events to judge."""

from alembic import op
from sqlalchemy import Boolean, Column, DateTime, Text, false

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add the columns; of what is there already nothing is known."""
    op.add_column("evaluated", Column("too_few", Boolean(), nullable=False, server_default=false()))
    op.add_column("instances", Column("judged_at", DateTime(timezone=True)))
    op.add_column("instances", Column("basis", Text(), nullable=False, server_default=""))
    op.add_column("alerts", Column("basis", Text(), nullable=False, server_default=""))
