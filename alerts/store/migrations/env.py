"""What alembic runs to bring a database up to date: over the connection, and in the transaction, of `upgrade`."""

from alembic import context

from alerts.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
