"""Run migrations on the connection that the ledger hands over; alembic executes this file."""

from alembic import context

from stratagraph.service.ledger.indexes import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
