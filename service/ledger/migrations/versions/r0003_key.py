"""The key that signs a ledger's heads, so that another one can't take its place unnoticed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; a ledger of before learns its key when it is opened with it next."""
    op.add_column("ledger", sa.Column("public_key", sa.Text, nullable=True))
    op.add_column("ledger", sa.Column("key_check", sa.LargeBinary(32), nullable=True))
