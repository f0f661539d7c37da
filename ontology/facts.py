"""The value types that every folder shares: terms, facts, observations and the batch, the unit of commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeAlias

from stratagraph.ontology.namespaces import RDF, XSD

Iri: TypeAlias = str
"""An absolute IRI, without angle brackets."""

XSD_STRING: Final = XSD.string
LANG_STRING: Final = RDF.langString
TAGGED: Final = frozenset({LANG_STRING, RDF.dirLangString})
"""Datatypes of texts that have a language: without one, a literal of them is none."""
UNTAGGED: Final = "a text of its datatype has a language tag"
"""What is said of one that has none."""


class Literal(tuple[str, Iri, str]):
    """An RDF literal with its lexical form exactly as the source wrote it.

    A tuple, as a fact is: a batch asks for the hash of each of its literals some twenty times.
    """

    __slots__ = ()
    __match_args__ = ("value", "datatype", "language")

    if TYPE_CHECKING:

        @property
        def value(self) -> str:
            """The lexical form."""

        @property
        def datatype(self) -> Iri:
            """The datatype."""

        @property
        def language(self) -> str:
            """The language tag, or nothing."""

    else:
        value, datatype, language = (property(itemgetter(place)) for place in range(3))

    def __new__(cls, value: str, datatype: Iri = XSD_STRING, language: str = "") -> Self:
        """A language tag decides the datatype."""
        return tuple.__new__(cls, (value, LANG_STRING if language else datatype, language))

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"Literal(value={self.value!r}, datatype={self.datatype!r}, language={self.language!r})"

    def __reduce__(self) -> tuple[type[Literal], tuple[str, Iri, str]]:
        """Be written by its parts."""
        return Literal, (self.value, self.datatype, self.language)


Term: TypeAlias = Iri | Literal
"""The object of a fact: an IRI as a string, or a literal. Blank nodes are skolemised before they get here."""


class Fact(NamedTuple):
    """One statement: subject, predicate, object. A tuple, for millions of them are made, hashed and compared."""

    subject: Iri
    predicate: Iri
    object: Term


class Method(StrEnum):
    """How a source came to know what it says."""

    DECLARED = "declared"
    OBSERVED = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One metric of one subject over one window.

    Times are aware UTC. ``unit`` is a UCUM code (``s``, ``1``, ``By``), ``{token}``, ``{call}``, or an ISO 4217
    currency code for money. ``sketch`` is a serialised DDSketch of the values, empty where only the sums are known.
    ``source`` is known of what was committed: it is the batch's, and no part of the observation's digest.

    A negative ``count`` takes values away that were given before: with them their (negative) ``total``; extremes and
    sketch are those of the values taken.
    """

    subject: Iri
    metric: Iri
    unit: str
    start: datetime
    end: datetime
    count: int
    total: float
    minimum: float
    maximum: float
    sketch: bytes = b""
    estimated: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a run says about one named part of its source: a file, a cluster, a registry.

    Only when the run enumerated the scope completely are facts of that scope which it no longer states closed.
    """

    name: str
    complete: bool
    stated: tuple[Fact, ...] = ()
    withdrawn: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Of what a batch was made: a digest of the documents and of all that decides what is made of them.

    ``remarks`` and ``unread`` count what was odd in them, and what was not understood.
    """

    digest: str
    remarks: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """A run of the same documents as the last one of these scopes: it says all that was said then."""

    source: str
    run: str
    scopes: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The unit of commit: what one run of one source says. Idempotent by (source, run)."""

    source: str
    run: str
    method: Method
    scopes: tuple[Scope, ...] = ()
    observations: tuple[Observation, ...] = ()
    silence: timedelta | None = None
    """Facts of this source are closed by a housekeeping batch after being unseen for this long; None: never."""
    marks: Mapping[str, bytes | None] = field(default_factory=dict, hash=False)
    """Notes of who commits on how far it is, kept if and only if the batch is; None deletes one."""
    marks_owner: str = ""
    """Whose marks they are, as of one spool: several processes may speak for one source."""
    marks_expected: Mapping[str, bytes | None] = field(default_factory=dict, hash=False)
    """Marks of that owner as they must still stand, None for one that is not there; else the batch is refused."""
    documents: Documents | None = None
    """What a later run of the same documents is known by; None: it is read anew."""

    def facts(self) -> Iterable[Fact]:
        """Every stated fact, scope by scope."""
        for scope in self.scopes:
            yield from scope.stated


class Claim(NamedTuple):
    """An open fact together with who says so; a tuple, as a fact is."""

    fact: Fact
    source: str
    scope: str
    run: str
    method: Method
    first_seen: datetime
    last_seen: datetime
    opened_at: int
    """Ledger sequence at which the claim was opened."""


class Attribution(NamedTuple):
    """Who states something, how they know, and since when: a claim without what it is about."""

    source: str
    scope: str
    method: Method
    first_seen: datetime


def attributions_of(claims: Iterable[Claim]) -> tuple[Attribution, ...]:
    """Return what the claims say beside their fact; it is the same for all that one run stated."""
    return tuple([Attribution(claim.source, claim.scope, claim.method, claim.first_seen) for claim in claims])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """When a scope of a source was seen last, and with it every fact that it states.

    ``run`` saw it then, and ``complete`` says whether it enumerated all of the scope.
    """

    source: str
    scope: str
    last_seen: datetime
    run: str = ""
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerChange:
    """What one ledger sequence changed: claims opened and closed, scopes seen (again), observations taken in.

    ``remaining``: of each subject and metric that it told of in a window from which values were taken away, what is the
    newest now, if anything.
    """

    sequence: int
    time: datetime
    batch_hash: str
    opened: tuple[Claim, ...] = ()
    closed: tuple[Claim, ...] = ()
    observations: tuple[Observation, ...] = ()
    source: str = ""
    run: str = ""
    sightings: tuple[Sighting, ...] = ()
    remaining: tuple[tuple[Iri, Iri, Observation | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Influence:
    """One influence edge: how strongly the subject influences the object, per manner (an aspect in a mode), and why.

    ``strengths`` maps a manner to its strength in (0, 1], which is measured where the manner is in ``measured``, else
    declared. ``reasons`` maps a manner to the asserted facts that justify it, strongest first.
    """

    influencer: Iri
    influenced: Iri
    strengths: dict[Iri, float]
    reasons: dict[Iri, tuple[Fact, ...]]
    measured: frozenset[Iri] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """What the deriver makes of one ledger sequence, for every view to apply.

    ``added`` and ``removed`` are triples of the closure (asserted and inferred) that came to hold or ceased to.
    ``influences`` are influence edges in their new state; ``influences_removed`` are (influencer, influenced) pairs.
    ``claims_changed`` are the asserted triples whose set of claims changed, with the claims that are open now. Both
    mostly come in groups (``ontology/grouped.py``).
    ``observations`` are the newest of their subject and metric, ``observations_removed`` the (subject, metric) pairs
    that show none any more, ``sightings`` the scopes that were seen (again). ``measured`` are the observed relations
    that have come to show an observation of their own, ``measured_removed`` those that no longer are or do.
    """

    sequence: int
    time: datetime
    batch_hash: str
    added: tuple[Fact, ...] = ()
    removed: tuple[Fact, ...] = ()
    influences: Sequence[Influence] = ()
    influences_removed: tuple[tuple[Iri, Iri], ...] = ()
    claims_changed: Sequence[tuple[Fact, tuple[Claim, ...]]] = ()
    observations: tuple[Observation, ...] = ()
    observations_removed: tuple[tuple[Iri, Iri], ...] = ()
    sightings: tuple[Sighting, ...] = ()
    measured: tuple[Fact, ...] = ()
    measured_removed: tuple[Fact, ...] = ()
