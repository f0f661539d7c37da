"""Observations that take values away, few among many, found by their window."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the index."""
    taken = sa.text("count < 0")
    op.create_index("observations_taken", "observations", ["end"], sqlite_where=taken, postgresql_where=taken)
