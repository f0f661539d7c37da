"""The first schema: terms, scopes, batches, claims, observations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# A migration spells out its types and names and takes nothing from ``schema``: it must go on making the tables of its
# time.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_OPEN = sa.text("closed IS NULL")
IS_CLOSED = sa.text("closed IS NOT NULL")


def number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    """Return a column of a 64-bit integer."""
    return sa.Column(name, NUMBER, nullable=nullable)


def id_() -> sa.Column[int]:
    """Return the column of ids that the ledger assigns itself."""
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Create every table."""
    create_names()
    create_batches()
    create_claims()
    create_observations()


def create_names() -> None:
    """Create the tables that give things a number."""
    op.create_table(
        "ledger", sa.Column("id", sa.Text, primary_key=True), sa.Column("format", sa.Integer, nullable=False)
    )
    op.create_table(
        "terms",
        id_(),
        sa.Column("key", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "scopes",
        id_(),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        number("last_seen", nullable=True),
        number("silence", nullable=True),
        sa.UniqueConstraint("source", "name"),
    )


def create_batches() -> None:
    """Create the chain and what each batch said about its scopes."""
    op.create_table(
        "batches",
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
        number("time"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        number("silence", nullable=True),
        sa.Column("ontology", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        number("opened"),
        number("closed"),
        number("observed"),
        sa.Column("salt", sa.LargeBinary(16)),
        *(
            sa.Column(name, sa.LargeBinary(32), nullable=False)
            for name in ("content", "facts", "observations", "previous", "hash")
        ),
        number("first_claim"),
        number("first_observation"),
        sa.UniqueConstraint("source", "run"),
    )
    op.create_index("batches_time", "batches", ["time"])
    op.create_table(
        "scope_runs",
        sa.Column("sequence", NUMBER, sa.ForeignKey("batches.sequence"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("scope", NUMBER, sa.ForeignKey("scopes.id"), nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        number("stated"),
        number("withdrawn"),
    )
    op.create_index("scope_runs_scope", "scope_runs", ["scope", "sequence"])


def create_claims() -> None:
    """Create the claims, with one open claim at most per fact and scope."""
    op.create_table(
        "claims",
        id_(),
        *(sa.Column(name, NUMBER, sa.ForeignKey("terms.id")) for name in ("subject", "predicate", "object")),
        sa.Column("scope", NUMBER, sa.ForeignKey("scopes.id"), nullable=False),
        number("opened"),
        number("closed", nullable=True),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.Column("commitment", sa.LargeBinary(32)),
    )
    op.create_index(
        "claims_open_fact",
        "claims",
        ["subject", "predicate", "object", "scope"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_index("claims_open_scope", "claims", ["scope", "id"], sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
    op.create_index("claims_closed", "claims", ["closed", "id"], sqlite_where=IS_CLOSED, postgresql_where=IS_CLOSED)


def create_observations() -> None:
    """Create the measured windows."""
    op.create_table(
        "observations",
        id_(),
        number("sequence"),
        *(sa.Column(name, NUMBER, sa.ForeignKey("terms.id"), nullable=False) for name in ("subject", "metric")),
        sa.Column("unit", sa.Text, nullable=False),
        *(number(name) for name in ("start", "end", "count")),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("total", "minimum", "maximum")),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
    )
    op.create_index("observations_newest", "observations", ["subject", "metric", "end"])
