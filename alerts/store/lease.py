"""A lease in the alert database: of the homes that share it, one at a time writes their lake and evaluates alerts.

Who holds it, in which turn, and until when are one row, by the database's clock alone. Whoever asks after it has ended
gets it, in a turn of a higher number; its holder renews it long before:

    lease = Lease(store, holder="1f3a", host="machine-2", length=timedelta(seconds=15))
    number = lease.renew()      # again and again; None while another has it

On PostgreSQL only: SQLite is of one machine, where a file is locked.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from alerts.store.database import Store
from alerts.store.tables import LEASES

NAME = "lake"
"""Of the one lease that there is."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The lease as one home asks for it."""

    store: Store
    holder: str
    """What tells this home from the others."""
    host: str
    """What people call the machine."""
    length: timedelta

    def renew(self) -> int | None:
        """Have it from now on for its length; the number of the turn, or None where another home has it.

        The number grows whenever another home gets it, and never gets less. Raises StoreUnavailable.
        """
        asked = insert(LEASES).values(
            name=NAME, holder=self.holder, host=self.host, turn=1, expires_at=_now() + literal(self.length)
        )
        mine = LEASES.c.holder == asked.excluded.holder
        given = asked.on_conflict_do_update(
            index_elements=[LEASES.c.name],
            set_={
                "holder": asked.excluded.holder, "host": asked.excluded.host, "expires_at": asked.excluded.expires_at,
                "turn": LEASES.c.turn + case((mine, 0), else_=1),
            },
            where=or_(mine, LEASES.c.expires_at < _now()),
        ).returning(LEASES.c.turn)  # fmt: skip
        with self.store.apart() as connection:
            return connection.execute(given).scalar_one_or_none()

    def let_go(self) -> None:
        """Let another home have it at once. Raises StoreUnavailable."""
        mine = (LEASES.c.name == NAME) & (LEASES.c.holder == self.holder)
        with self.store.apart() as connection:
            connection.execute(update(LEASES).where(mine).values(expires_at=_now()))

    def held_by(self) -> str:
        """The machine that has it; empty while none has. Raises StoreUnavailable."""
        held = (LEASES.c.name == NAME) & (LEASES.c.expires_at >= _now())
        with self.store.apart() as connection:
            return connection.execute(select(LEASES.c.host).where(held)).scalar_one_or_none() or ""


def _now() -> ColumnElement[object]:
    """The database's clock: not when the transaction began, which may have waited for another."""
    return func.clock_timestamp()
