"""The ledger's tables, and ``indexes`` beside them. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata: Final = MetaData()

NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit integer; SQLite only makes a primary key its row id when it is called INTEGER."""

ledger = Table(
    "ledger",
    metadata,
    Column("id", Text, primary_key=True),
    Column("format", Integer, nullable=False),
    Column("public_key", Text),
    Column("key_check", LargeBinary(32)),
)
"""One row: the ledger's identity, which the first batch's hash builds on, and the key that signs its heads."""

terms = Table(
    "terms",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("key", LargeBinary(16), nullable=False, unique=True),
    Column("text", Text, nullable=False),
)
"""Each term once, in N-Triples. ``key`` is a short hash: PostgreSQL cannot index a text of a megabyte."""

scopes = Table(
    "scopes",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("last_seen", NUMBER),
    Column("silence", NUMBER),
    UniqueConstraint("source", "name"),
)
"""The named parts of each source: the sequence that last saw it, and its silence period in microseconds."""

batches = Table(
    "batches",
    metadata,
    Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    Column("time", NUMBER, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("silence", NUMBER),
    Column("ontology", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("opened", NUMBER, nullable=False),
    Column("closed", NUMBER, nullable=False),
    Column("observed", NUMBER, nullable=False),
    Column("salt", LargeBinary(16)),  # null once a redaction has taken it
    Column("content", LargeBinary(32), nullable=False),
    Column("facts", LargeBinary(32), nullable=False),
    Column("observations", LargeBinary(32), nullable=False),
    Column("previous", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("first_claim", NUMBER, nullable=False),
    Column("first_observation", NUMBER, nullable=False),
    UniqueConstraint("source", "run"),
    Index("batches_time", "time"),  # what was known at a time
)
"""The chain. Times are microseconds since 1970 UTC. The claims and observations of a batch are a run of ids."""

scope_runs = Table(
    "scope_runs",
    metadata,
    Column("sequence", NUMBER, ForeignKey("batches.sequence"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("scope", NUMBER, ForeignKey("scopes.id"), nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("stated", NUMBER, nullable=False),
    Column("withdrawn", NUMBER, nullable=False),
    Index("scope_runs_scope", "scope", "sequence"),  # when a scope was seen before a batch
)
"""What each batch said about each scope: the run's outcome."""

claims = Table(
    "claims",
    metadata,
    # Numbered by the ledger, not by the database: a batch's claims are a run without gaps.
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("subject", NUMBER, ForeignKey("terms.id")),
    Column("predicate", NUMBER, ForeignKey("terms.id")),
    Column("object", NUMBER, ForeignKey("terms.id")),
    Column("scope", NUMBER, ForeignKey("scopes.id"), nullable=False),
    Column("opened", NUMBER, nullable=False),
    Column("closed", NUMBER),
    Column("salt", LargeBinary(16)),
    Column("commitment", LargeBinary(32)),
)
"""A fact as one scope of one source states it. A redacted claim keeps its commitment and nothing else."""

OPEN: Final = claims.c.closed.is_(None)
observations = Table(
    "observations",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("sequence", NUMBER, nullable=False),
    Column("subject", NUMBER, ForeignKey("terms.id"), nullable=False),
    Column("metric", NUMBER, ForeignKey("terms.id"), nullable=False),
    Column("unit", Text, nullable=False),
    Column("start", NUMBER, nullable=False),
    Column("end", NUMBER, nullable=False),
    Column("count", NUMBER, nullable=False),
    Column("total", Double, nullable=False),
    Column("minimum", Double, nullable=False),
    Column("maximum", Double, nullable=False),
    Column("sketch", LargeBinary, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Index("observations_newest", "subject", "metric", "end"),
)
"""Measured windows, as the batch with this sequence brought them."""

marks = Table(
    "marks",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Notes of who commits on how far it is. No evidence: no hash covers them, and no export holds them."""

dropped_observations = Table(
    "dropped_observations",
    metadata,
    Column("id", NUMBER, primary_key=True, autoincrement=False),
    Column("sequence", NUMBER, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)
"""What is left of observations that retention added up: their number, batch and digest."""
