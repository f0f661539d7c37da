"""Digests of observations that retention dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table of digests."""
    op.create_table(
        "dropped_observations",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("sequence", NUMBER, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
    )
