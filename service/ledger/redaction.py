"""Redaction: values are erased everywhere, their commitments stay, and the chain records who did it and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, exists, null, or_, select, update

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.identity import statement_iri
from stratagraph.ontology.model import CORE_SOURCE
from stratagraph.ontology.sentences import in_part
from stratagraph.service.ledger.chain import commitment
from stratagraph.service.ledger.claims import Claims, named_claims
from stratagraph.service.ledger.commit import Receipt
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.dropping import REDACTION, drop, ranges
from stratagraph.service.ledger.entry import Entry
from stratagraph.service.ledger.errors import NothingToRedact, NotRedactable, ReasonTells
from stratagraph.service.ledger.interning import Decoded, Texts, find, is_storable
from stratagraph.service.ledger.mentions import Mention, mentions, plain
from stratagraph.service.ledger.observed import NAMED as NAMED_OBSERVATIONS
from stratagraph.service.ledger.own_entry import write_own
from stratagraph.service.ledger.schema import batches, claims, observations, scope_runs, terms

LEAST: Final = 3
"""Characters that a value has at least to be looked for in a reason: a "1" is in every request's number."""
MOST_NAMED: Final = 5

_FOUND: Final = named_claims().add_columns(
    claims.c.id, claims.c.closed, claims.c.scope.label("scope_id"), claims.c.salt
)
# As a predicate too: a property named after a person stores the name there.
_ABOUT: Final = _FOUND.where(
    or_(claims.c.subject == bindparam("s"), claims.c.predicate == bindparam("s"), claims.c.object == bindparam("s"))
).order_by(claims.c.id)
_OF_PROPERTY: Final = _FOUND.where(claims.c.subject == bindparam("s"), claims.c.predicate == bindparam("p")).order_by(
    claims.c.id
)
_OBSERVED: Final = NAMED_OBSERVATIONS.where(
    or_(
        observations.c.subject.in_(bindparam("nodes", expanding=True)),
        observations.c.metric.in_(bindparam("nodes", expanding=True)),
    )
).order_by(observations.c.id)
_ERASE: Final = (
    update(claims)
    .where(claims.c.id == bindparam("claim"))
    .values(subject=null(), predicate=null(), object=null(), salt=null(), commitment=bindparam("committed"))
)
_UNUSED: Final = (
    select(terms.c.id, terms.c.text)
    .where(terms.c.id.in_(bindparam("ids", expanding=True)))
    .where(
        ~exists().where(
            or_(claims.c.subject == terms.c.id, claims.c.predicate == terms.c.id, claims.c.object == terms.c.id)
        ),
        ~exists().where(or_(observations.c.subject == terms.c.id, observations.c.metric == terms.c.id)),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is to be erased: all about a subject, its values of a property, or one of these.

    ``value`` is an IRI, or the text of a literal of whatever language and datatype.
    """

    subject: Iri
    predicate: Iri | None = None
    value: str | None = None

    def __str__(self) -> str:
        """Name it as a sentence can."""
        parts = [f"<{self.subject}>", f"<{self.predicate}>" if self.predicate else "", repr(self.value or "")]
        return " ".join(parts[: 3 if self.value is not None else 2]).strip()

    def matches(self, term: Term) -> bool:
        """Tell whether an object is the value sought."""
        return self.value is None or self.value == (term.value if isinstance(term, Literal) else term)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What was erased, or would be. It holds the values themselves: for the person who asked, and never stored."""

    receipt: Receipt
    facts: tuple[Fact, ...]
    claims: int
    observations: int
    sources: tuple[tuple[str, str], ...]
    """Who still said it, and in which scope: from there it comes back unless it is taken out there too."""
    mentions: tuple[Mention, ...]
    """Where an erased value stands all the same, which this did not reach."""

    @property
    def sequence(self) -> int:
        """The sequence of the ledger at which it was erased."""
        return self.receipt.sequence


def redact(entry: Entry, sought: Sought, *, by: str, why: str, ontology_hash: str) -> Redaction:
    """Erase what is sought, whoever said it and whenever, and close it where it is open.

    Raises:
        NothingToRedact: nothing that is still told is about it.
        ReasonTells: the reason repeats a value; the transaction must be rolled back.
        NotRedactable: the ontology states it.
    """
    connection = entry.connection
    rows = _claims(connection, sought)
    facts = tuple(dict.fromkeys(map(Claims().fact, rows)))
    seen = _observations(connection, sought, facts)
    if not rows and not seen:
        raise NothingToRedact(sought=str(sought))
    if core := sorted({row.scope for row in rows if row.source == CORE_SOURCE and row.closed is None}):
        raise NotRedactable(scopes=in_part(core, MOST_NAMED))
    # While the salts are still there.
    committed = {row.id: commitment(bytes(row.salt), f"{row.subject} {row.predicate} {row.object}") for row in rows}
    open_rows = [row for row in rows if row.closed is None]
    # Closed before they are erased: the entry of a closing is made of the line and its salt.
    closed = tuple(Claims().present(entry.close(row.id for row in open_rows)))
    erased = _erase(connection, facts, rows, committed, seen)
    # Only now is known what nothing else uses; the transaction takes it all back.
    _refuse_telling(erased, by, why)
    note: dict[str, Any] = {"by": by, "erased": [[row.opened, committed[row.id].hex()] for row in rows], "why": why}
    if seen:
        note["dropped"] = ranges(row.id for row in seen)
    receipt = write_own(entry, kind=REDACTION, note=note, ontology_hash=ontology_hash, closed=closed)
    # It may remember the numbers of terms that are gone now.
    entry.memory.forget()
    return Redaction(
        receipt=receipt,
        facts=facts,
        claims=len(rows),
        observations=len(seen),
        sources=tuple(sorted({(row.source, row.scope) for row in open_rows})),
        mentions=mentions(connection, erased),
    )


def _claims(connection: Connection, sought: Sought) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the rows of the claims that are sought, closed ones too."""
    names = [name for name in (sought.subject, sought.predicate) if name is not None]
    numbers = _numbers(connection, names)
    if len(numbers) < len(set(names)):
        return ()
    if sought.predicate is None:
        return connection.execute(_ABOUT, {"s": numbers[sought.subject]}).all()
    values = {"s": numbers[sought.subject], "p": numbers[sought.predicate]}
    decoded = Decoded()
    return [row for row in connection.execute(_OF_PROPERTY, values) if sought.matches(decoded[row.object])]


def _observations(connection: Connection, sought: Sought, facts: Sequence[Fact]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return what was measured of an erased subject, or on an erased statement, whose name is a hash of it."""
    nodes = [statement_iri(fact) for fact in facts]
    if sought.predicate is None:
        nodes.append(sought.subject)
    found: list[Row[*tuple[Any, ...]]] = []
    for chunk in chunks(nodes):
        if numbers := list(_numbers(connection, chunk).values()):
            found += connection.execute(_OBSERVED, {"nodes": numbers}).all()
    return found


def _numbers(connection: Connection, nodes: Iterable[Term]) -> dict[Term, int]:
    """Return the numbers of those terms that are stored."""
    texts = Texts()
    said = {texts[node]: node for node in nodes if is_storable(node)}
    return {said[text]: number for text, number in find(connection, said).items()}


def _erase(
    connection: Connection,
    facts: Sequence[Fact],
    rows: Sequence[Row[*tuple[Any, ...]]],
    committed: dict[int, bytes],
    seen: Sequence[Row[*tuple[Any, ...]]],
) -> tuple[str, ...]:
    """Erase the rows and the terms that nothing else uses; return the texts of these."""
    numbers = {row.subject for row in seen} | {row.metric for row in seen}
    for chunk in chunks(facts):
        numbers |= set(_numbers(connection, {term for fact in chunk for term in fact}).values())
    if rows:
        connection.execute(_ERASE, [{"claim": row.id, "committed": committed[row.id]} for row in rows])
        _forget_salts(connection, rows)
    drop(connection, seen)
    erased: list[str] = []
    for numbered in chunks(sorted(numbers)):
        unused = connection.execute(_UNUSED, {"ids": numbered}).all()
        connection.execute(delete(terms).where(terms.c.id.in_([number for number, _ in unused])))
        erased += [text for _, text in unused]
    return tuple(erased)


def _forget_salts(connection: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> None:
    """Erase the salts of runs that may have said it: with a content digest's salt a guess could be tested on it."""
    said = select(scope_runs.c.sequence).where(
        scope_runs.c.scope.in_(bindparam("scopes", expanding=True)),
        scope_runs.c.sequence >= min(row.opened for row in rows),  # no batch before can have said it
    )
    for scopes in chunks(sorted({row.scope_id for row in rows})):
        connection.execute(update(batches).where(batches.c.sequence.in_(said)).values(salt=null()), {"scopes": scopes})


def _refuse_telling(erased: Iterable[str], by: str, why: str) -> None:
    told = f"{by}\n{why}".casefold()
    for text in erased:
        value = plain(text)
        if len(value) >= LEAST and value.casefold() in told:
            raise ReasonTells


def erased_commitments(connection: Connection) -> set[bytes]:
    """Return the commitments that redactions in the chain name: no other claim may lack its fact."""
    notes = connection.execute(select(batches.c.note).where(batches.c.kind == REDACTION)).scalars()
    erased: set[bytes] = set()
    for note in notes:
        try:
            erased.update(bytes.fromhex(committed) for _, committed in json.loads(note)["erased"])
        except (ValueError, KeyError, TypeError):
            continue  # a note that was tampered with erases nothing; its batch's hash will not match
    return erased
