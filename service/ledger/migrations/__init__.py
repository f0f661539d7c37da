"""Schema migrations, run by alembic when a ledger is opened."""
