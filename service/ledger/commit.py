"""Committing a batch: which claims it opens, sees again and closes."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, bindparam, literal_column, select

from stratagraph.ontology.facts import Batch, Claim, Fact, Iri, LedgerChange, Literal, Scope
from stratagraph.service.ledger.chain import SALT_LENGTH, Content, ScopeRun, field, numbers_of, observation_digest
from stratagraph.service.ledger.claims import Claims
from stratagraph.service.ledger.damage import moment
from stratagraph.service.ledger.database import chunks
from stratagraph.service.ledger.entry import Entry, Triple
from stratagraph.service.ledger.history import sightings_of
from stratagraph.service.ledger.interning import Texts
from stratagraph.service.ledger.observed import remaining
from stratagraph.service.ledger.prepared import Prepared
from stratagraph.service.ledger.schema import OPEN, claims

RUN: Final = "run"
# Bounds the memory that a scope with millions of claims takes; what is dropped is looked up again.
REMEMBERED_CLAIMS: Final = 200_000

_IDS: Final = (claims.c.id, claims.c.subject, claims.c.predicate, claims.c.object)
_SUBJECTS: Final[BindParameter[int]] = bindparam("subjects", expanding=True)
# Left to itself, SQLite reads every open claim of the scope rather than those of a few subjects: an expression in
# place of the bare column keeps it from that index.
_SCOPE_VALUE: Final = claims.c.scope + literal_column("0")
_OPEN_OF_SUBJECTS: Final = Prepared(
    select(*_IDS).where(OPEN, bindparam("scope") == _SCOPE_VALUE, claims.c.subject.in_(_SUBJECTS))
)
_OPEN_OF_SCOPE: Final = (
    select(claims.c.id)
    # What this very batch opened can't be unseen by it.
    .where(OPEN, claims.c.scope == bindparam("scope"), claims.c.id < bindparam("before"))
    # A scope may have millions of claims; only their numbers that were not seen are kept.
    .execution_options(yield_per=10_000)
)
_SAID_ELSEWHERE: Final = Prepared(
    select(*_IDS, claims.c.scope).where(
        OPEN,
        claims.c.subject.in_(_SUBJECTS),
        claims.c.predicate.in_(bindparam("predicates", expanding=True)),
        # Several values stated in one batch are several values: none of them replaces another.
        claims.c.id < bindparam("before"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A batch is durable. A run that came again has its first receipt, and an empty change: nothing changed now."""

    sequence: int
    batch_hash: str
    time: datetime
    duplicate: bool
    change: LedgerChange


class ScopeClaims:
    """The open claims of one scope, looked up subject by subject while its statements pass."""

    def __init__(self, entry: Entry, scope: int) -> None:
        """Start; of a scope that is new there is nothing to be looked up."""
        self._entry = entry
        self._scope = scope
        self._subjects: set[int] = set()
        self.open: dict[Triple, int] = {}
        self._is_new = scope in entry.new_scopes
        # Nothing was ever said of a term that this entry brings: a first load needs no look-ups at all.
        self._known_terms = entry.known_terms

    def load(self, subjects: Iterable[int]) -> None:
        """Bring in the open claims of these subjects."""
        if len(self.open) > REMEMBERED_CLAIMS:
            self.open.clear()
            self._subjects.clear()
            # What this batch opened stood only here; from now on it is looked up like the rest.
            self._is_new, self._known_terms = False, sys.maxsize
        new = set(subjects) - self._subjects
        self._subjects |= new
        if self._is_new:
            return
        for chunk in chunks(sorted(subject for subject in new if subject <= self._known_terms)):
            rows = _OPEN_OF_SUBJECTS(self._entry.connection, scope=self._scope, subjects=chunk)
            self.open.update(((s, p, o), claim) for claim, s, p, o in rows)


class SeenClaims:
    """Which of the earlier claims were stated again: a bit for each, so that a million cost little."""

    def __init__(self, before: int) -> None:
        """Start with none, for claims below this number."""
        self._bits = bytearray((before >> 3) + 1)
        self._before = before

    def add(self, claim: int) -> None:
        """Mark an earlier claim; one that this entry opened needs no mark."""
        if claim < self._before:
            self._bits[claim >> 3] |= 1 << (claim & 7)

    def __contains__(self, claim: int) -> bool:
        """Whether the claim was marked."""
        return bool(self._bits[claim >> 3] >> (claim & 7) & 1)


class Commit:
    """One batch on its way into the chain, while the commit lock is held."""

    def __init__(self, entry: Entry, batch: Batch, single_valued: frozenset[Iri]) -> None:
        """Take up a batch; nothing is written before ``write``."""
        self._entry = entry
        self._batch = batch
        self._terms = entry.memory.terms
        self._first_new = entry.next_claim
        self._had_claims = bool(entry.known_scopes(batch.source))
        self._closing: set[int] = set()
        self._single_valued = single_valued
        self._single_values: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._time = moment(entry.time)
        self._opened: list[Claim] = []
        self._content = content_of(batch)

    def write(self, *, ontology_hash: str) -> Receipt:
        """Write the whole batch as the next entry."""
        numbers = self._entry.scopes_of(self._batch.source, (scope.name for scope in self._batch.scopes))
        for scope in self._batch.scopes:
            self._take_scope(scope, numbers[scope.name])
        # Behind all scopes: only then is it known which values the batch states, in whichever of them.
        self._replace_single_values()
        # Behind all openings, for the format fixes this order in the digest (docs/reference/ledger-format.md).
        closed = tuple(Claims().present(self._entry.close(self._closing)))
        self._observe()
        salt = os.urandom(SALT_LENGTH)
        batch = self._batch
        runs = [run_of(scope) for scope in batch.scopes]
        batch_hash = self._entry.finish(
            kind=RUN,
            source=batch.source,
            run=batch.run,
            method=batch.method.value,
            silence=silence_of(batch),
            ontology=ontology_hash,
            runs=runs,
            content=self._content.digest(salt),
            salt=salt,
        ).hex()
        # As the ledger will give them back: a loader leaves the source of its observations to the batch.
        told = tuple(replace(seen, source=batch.source) for seen in batch.observations)
        change = LedgerChange(
            sequence=self._entry.sequence,
            time=self._time,
            batch_hash=batch_hash,
            opened=tuple(self._opened),
            closed=closed,
            observations=told,
            source=batch.source,
            run=batch.run,
            sightings=sightings_of(batch.source, batch.run, runs, self._time),
            remaining=tuple(remaining(self._entry.connection, told, self._entry.sequence)),
        )
        return Receipt(sequence=change.sequence, batch_hash=batch_hash, time=self._time, duplicate=False, change=change)

    def _take_scope(self, scope: Scope, number: int) -> None:
        known = ScopeClaims(self._entry, number)
        seen = SeenClaims(self._first_new)
        for chunk in chunks(scope.stated):
            self._state(chunk, (number, scope.name), known, seen)
        if scope.withdrawn:
            self._withdraw(scope, known, seen)
        if scope.complete:
            self._close_unseen(number, seen)

    def _state(self, facts: list[Fact], scope: tuple[int, str], known: ScopeClaims, seen: SeenClaims) -> None:
        """Open the claims that are not open yet."""
        lines, triples = self._encode(facts)
        # Over all that was said, not over what it changed: a run that comes again changes nothing and must have this
        # digest.
        self._content.add(b"+" + field(scope[1]), lines)
        self._note_single_values(facts, triples)
        known.load(triple[0] for triple in triples)
        open_, number = known.open, self._entry.next_claim
        new: list[int] = []
        for position, triple in enumerate(triples):
            claim = open_.get(triple)
            if claim is None:
                # Remembered at once, so that a fact stated twice in one run opens one claim.
                open_[triple] = number + len(new)
                new.append(position)
            else:
                seen.add(claim)
        salts = fresh_salts(len(new))
        self._entry.open(scope, [triples[i] for i in new], [lines[i] for i in new], salts)
        self._opened += self._claims([facts[i] for i in new], scope[1])

    def _encode(self, facts: Sequence[Fact]) -> tuple[list[bytes], list[Triple]]:
        """Return each fact's N-Triples line in UTF-8, and the numbers of its terms."""
        texts = self._terms.texts
        named = [(texts[s], texts[p], texts[o]) for s, p, o in facts]
        ids = self._terms.intern(self._entry.connection, {text for triple in named for text in triple})
        return [f"{s} {p} {o}".encode() for s, p, o in named], [(ids[s], ids[p], ids[o]) for s, p, o in named]

    def _claims(self, facts: Iterable[Fact], scope: str) -> list[Claim]:
        batch, time = self._batch, self._time
        # In the order of ``Claim``: to name the fields, for each fact, takes four times as long.
        shared = (batch.source, scope, batch.run, batch.method, time, time, self._entry.sequence)
        return [Claim._make((as_stored(fact), *shared)) for fact in facts]

    def _withdraw(self, scope: Scope, known: ScopeClaims, seen: SeenClaims) -> None:
        """Close what the scope withdraws, unless it states it as well."""
        for facts in chunks(scope.withdrawn):
            lines, triples = self._encode(facts)
            self._content.add(b"-" + field(scope.name), lines)
            known.load(triple[0] for triple in triples)
            claimed = (known.open.get(triple) for triple in triples)
            self._closing.update(c for c in claimed if c is not None and c < self._first_new and c not in seen)

    def _close_unseen(self, scope: int, seen: SeenClaims) -> None:
        rows = self._entry.connection.execute(_OPEN_OF_SCOPE, {"scope": scope, "before": self._first_new})
        self._closing.update(claim for (claim,) in rows if claim not in seen)

    def _note_single_values(self, facts: Sequence[Fact], triples: Sequence[Triple]) -> None:
        # A source that speaks for the first time has no older value to close.
        if not self._single_valued or not self._had_claims:
            return
        for fact, (s, p, o) in zip(facts, triples, strict=True):
            if fact.predicate in self._single_valued:
                self._single_values[s, p].add(o)

    def _replace_single_values(self) -> None:
        """Close the source's other values, in any scope, of single-valued properties that it stated now."""
        predicates = sorted({predicate for _, predicate in self._single_values})
        own = set(self._entry.known_scopes(self._batch.source).values())
        for subjects in chunks(sorted({subject for subject, _ in self._single_values})):
            rows = _SAID_ELSEWHERE(
                self._entry.connection, subjects=subjects, predicates=predicates, before=self._first_new
            )
            for claim, s, p, o, scope in rows:
                stated = self._single_values.get((s, p))
                # Another source's value stays: where sources disagree, that is a finding and no correction.
                if stated and o not in stated and scope in own:
                    self._closing.add(claim)

    def _observe(self) -> None:
        texts = self._terms.texts
        for chunk in chunks(self._batch.observations):
            named = [(texts[o.subject], texts[o.metric]) for o in chunk]
            ids = self._terms.intern(self._entry.connection, {text for pair in named for text in pair})
            numbers = [numbers_of(o) for o in chunk]
            digests = [
                observation_digest(s, m, o.unit, values, o.sketch)
                for o, (s, m), values in zip(chunk, named, numbers, strict=True)
            ]
            self._content.add(b"o", digests)
            rows = [
                # As the columns stand in the table: the sketch comes before ``estimated``.
                (ids[s], ids[m], o.unit, *values[:6], o.sketch, values[6])
                for o, (s, m), values in zip(chunk, named, numbers, strict=True)
            ]
            self._entry.observe(rows, digests)


def as_stored(fact: Fact) -> Fact:
    """Return the fact as it will be read back: language tags are compared without case."""
    value = fact.object
    if isinstance(value, str) or not value.language or value.language == value.language.lower():
        return fact
    # RDF 1.1 Concepts, section 3.3, lets tags be turned into lower case, and the triple store does.
    return fact._replace(object=Literal(value.value, language=value.language.lower()))


def fresh_salts(number: int) -> list[bytes]:
    """Return that many random salts."""
    # One call to the system for all of them, not one per claim.
    pool = os.urandom(number * SALT_LENGTH)
    return [pool[at : at + SALT_LENGTH] for at in range(0, len(pool), SALT_LENGTH)]


def run_of(scope: Scope) -> ScopeRun:
    """Return what the header says of a scope."""
    return ScopeRun(
        name=scope.name,
        complete=scope.complete,
        stated=len(scope.stated),
        withdrawn=len(scope.withdrawn),
    )


def silence_of(batch: Batch) -> int | None:
    """Return the batch's silence period in microseconds."""
    return None if batch.silence is None else int(batch.silence.total_seconds() * 1_000_000)


def content_of(batch: Batch) -> Content:
    """Return the digest of the batch's content, but for its facts and observations."""
    # Sorted, for scopes in another order are the same run. Source and run are not in it: they are what a batch is found
    # by.
    outcomes = sorted((scope.name, str(scope.complete)) for scope in batch.scopes)
    return Content([batch.method.value, str(silence_of(batch)), *(part for pair in outcomes for part in pair)])


def content_digest(batch: Batch, salt: bytes, texts: Texts) -> bytes:
    """Return the digest that the batch's content has under a salt, to compare a run that came again."""
    content = content_of(batch)
    for scope in batch.scopes:
        for mark, facts in ((b"+", scope.stated), (b"-", scope.withdrawn)):
            content.add(mark + field(scope.name), _lines(facts, texts))
    content.add(
        b"o",
        (
            observation_digest(texts[o.subject], texts[o.metric], o.unit, numbers_of(o), o.sketch)
            for o in batch.observations
        ),
    )
    return content.digest(salt)


def _lines(facts: Iterable[Fact], texts: Texts) -> Iterator[bytes]:
    for fact in facts:
        yield f"{texts[fact.subject]} {texts[fact.predicate]} {texts[fact.object]}".encode()
