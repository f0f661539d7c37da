"""Export: the whole ledger as lines of JSON, from which an identical one can be made."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from hashlib import sha256
from heapq import merge
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, bindparam, select

from stratagraph.service.ledger.chain import FORMAT
from stratagraph.service.ledger.claims import objects, predicates, subjects
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.dropping import DIGESTS_KEPT
from stratagraph.service.ledger.entry import DIGEST_COLUMNS
from stratagraph.service.ledger.history import scope_runs_of
from stratagraph.service.ledger.observed import NAMED as NAMED_OBSERVATIONS
from stratagraph.service.ledger.schema import batches, claims, observations, scopes
from stratagraph.service.ledger.signing import Signer

_BATCHES: Final = select(batches).order_by(batches.c.sequence)
_STORED: Final = (
    select(
        claims.c.id,
        claims.c.salt,
        claims.c.commitment,
        scopes.c.name.label("scope"),
        subjects.c.text.label("subject"),
        predicates.c.text.label("predicate"),
        objects.c.text.label("object"),
    )
    .join(scopes, scopes.c.id == claims.c.scope)
    # Outer joins: a redacted claim has no terms any more, and still has its place.
    .join(subjects, subjects.c.id == claims.c.subject, isouter=True)
    .join(predicates, predicates.c.id == claims.c.predicate, isouter=True)
    .join(objects, objects.c.id == claims.c.object, isouter=True)
    .where(claims.c.id >= bindparam("first"), claims.c.id < bindparam("end"))
    .order_by(claims.c.id)
)
_CLOSED: Final = select(claims.c.id).where(claims.c.closed == bindparam("at")).order_by(claims.c.id)
_OBSERVED: Final = NAMED_OBSERVATIONS.where(
    observations.c.id >= bindparam("first"), observations.c.id < bindparam("end")
).order_by(observations.c.id)
# All else in a header (counts, digests, the previous hash) follows from the lines after it, and is computed anew.
HEADER: Final = ("sequence", "time", "kind", "source", "run", "method", "silence", "ontology", "note")
_NUMBERS: Final = ("start", "end", "count", "total", "minimum", "maximum")


def export_lines(connection: Connection, ledger_id: str, signer: Signer) -> Iterator[bytes]:
    """Yield the ledger: a line that names it, each batch followed by what it did, and the signed head.

    With the head stands the digest of all lines before it: of what a batch's hash does not cover, damage shows there.
    """
    digest = sha256()
    sequence, batch_hash, time = 0, "", None

    def told(line: bytes) -> bytes:
        digest.update(line)
        return line

    yield told(_line({"ledger": ledger_id, "format": FORMAT}))
    for row in connection.execute(_BATCHES):
        sequence, batch_hash, time = row.sequence, bytes(row.hash).hex(), moment(row.time)
        yield told(_line({"batch": _header(connection, row)}))
        yield from map(told, _opened_lines(connection, row))
        for (claim,) in connection.execute(_CLOSED, {"at": row.sequence}):
            yield told(_line({"close": claim}))
        yield from map(told, _observed_lines(connection, row))
    head = signer.sign(ledger_id, sequence, batch_hash, time)
    yield _line({"head": orjson.loads(head.to_json()), "sha256": digest.hexdigest()})


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"


def _header(connection: Connection, row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    runs = scope_runs_of(connection, row.sequence)
    return {name: row._mapping[name] for name in HEADER} | {  # noqa: SLF001  # a row's documented mapping
        "salt": bytes(row.salt).hex() if row.salt is not None else None,
        "content": bytes(row.content).hex(),
        "hash": bytes(row.hash).hex(),
        "scopes": [[run.name, run.complete, run.stated, run.withdrawn] for run in runs],
    }


def _opened_lines(connection: Connection, row: Row[*tuple[Any, ...]]) -> Iterator[bytes]:
    for claim in connection.execute(_STORED, {"first": row.first_claim, "end": row.first_claim + row.opened}):
        if claim.salt is None:
            yield _line({"erased": [claim.scope, bytes(claim.commitment).hex()]})
        else:
            salt = bytes(claim.salt).hex()
            yield _line({"open": [claim.scope, claim.subject, claim.predicate, claim.object, salt]})


def _observed_lines(connection: Connection, row: Row[*tuple[Any, ...]]) -> Iterator[bytes]:
    span = {"first": row.first_observation, "end": row.first_observation + row.observed}
    kept = connection.execute(DIGESTS_KEPT, span).all()
    # Two tables, but one order in the batch's digest: by number.
    for found in merge(kept, connection.execute(_OBSERVED, span), key=lambda each: each.id):
        # Rows of either table come here, and their width tells them apart.
        if len(found) == len(DIGEST_COLUMNS):
            yield _line({"dropped": bytes(found.digest).hex()})
            continue
        values = found._mapping  # noqa: SLF001  # a row's documented mapping
        names = [values["subject_text"], values["metric_text"], values["unit"]]
        sketch = base64.b64encode(bytes(values["sketch"])).decode()
        yield _line({"observe": [*names, *(values[name] for name in _NUMBERS), sketch, values["estimated"]]})
