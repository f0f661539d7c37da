"""Batches over the wire: JSON in the ledger's own terms, each term in N-Triples notation."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from stratagraph.ontology import sketches
from stratagraph.ontology.facts import (
    TAGGED,
    UNTAGGED,
    Batch,
    Documents,
    Fact,
    Iri,
    Literal,
    Method,
    Observation,
    Repetition,
    Scope,
    Term,
)
from stratagraph.ontology.terms import MalformedTerm, decode, encode, to_ox

Triple = tuple[str, str, str]

LONGEST_NAME: Final = 200
"""Characters of a source's or run's name."""
LONGEST_SCOPE: Final = 4096
"""Characters of a scope's name, which may be a file's path."""
MOST_SCOPES: Final = 10_000
"""Scopes of one batch: the files of a large folder. The ledger keeps a mark per scope and claim."""
LONGEST_SILENCE: Final = 100 * 365 * 86_400
"""Seconds of a silence period: a century."""


def _unbase64(text: object) -> object:
    """Read base64 strictly: a letter that is none of it must not be skipped over."""
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else text
    except ValueError:
        raise PydanticCustomError("base64", "a sketch is written in base64") from None


class WireObservation(BaseModel):
    """One metric of one subject over one window; ``unit`` is a UCUM code or a currency."""

    model_config = ConfigDict(extra="forbid")

    subject: str
    metric: str
    unit: str
    start: AwareDatetime
    end: AwareDatetime
    count: int
    total: float
    minimum: float
    maximum: float
    sketch: Annotated[bytes, BeforeValidator(_unbase64)] = b""
    estimated: bool = False


class WireScope(BaseModel):
    """What a run says about one part of its source; complete: what it no longer says is closed."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=LONGEST_SCOPE)
    complete: bool = False
    stated: list[Triple] = Field(default_factory=list)
    withdrawn: list[Triple] = Field(default_factory=list)


class WireDocuments(BaseModel):
    """Of what a batch was made: a digest that a later run of the same is known by, and how much was odd."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(min_length=1, max_length=LONGEST_NAME)
    remarks: int = Field(default=0, ge=0)
    not_understood: int = Field(default=0, ge=0)


class WireRepetition(BaseModel):
    """A run of the same documents as the last one of these scopes: it says all that was said then."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=LONGEST_NAME)
    run: str = Field(min_length=1, max_length=LONGEST_NAME)
    scopes: list[Annotated[str, Field(max_length=LONGEST_SCOPE)]] = Field(min_length=1, max_length=MOST_SCOPES)
    digest: str = Field(min_length=1, max_length=LONGEST_NAME)

    def repetition(self) -> Repetition:
        """Return the run itself."""
        return Repetition(source=self.source, run=self.run, scopes=tuple(self.scopes), digest=self.digest)


class WireBatch(BaseModel):
    """What one run of one source says; idempotent by source and run."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(min_length=1, max_length=LONGEST_NAME)
    run: str = Field(min_length=1, max_length=LONGEST_NAME)
    method: Method = Method.DECLARED
    scopes: list[WireScope] = Field(default_factory=list, max_length=MOST_SCOPES)
    observations: list[WireObservation] = Field(default_factory=list)
    silence_seconds: float | None = Field(default=None, ge=1, le=LONGEST_SILENCE)
    documents: WireDocuments | None = None

    def batch(self) -> Batch:
        """Return the batch itself.

        Raises:
            MalformedTerm: a term is not in N-Triples notation.
            MalformedSketch: a sketch is none.
        """
        return Batch(
            source=self.source,
            run=self.run,
            method=self.method,
            scopes=tuple(
                Scope(
                    name=scope.name,
                    complete=scope.complete,
                    stated=tuple(_fact(triple) for triple in scope.stated),
                    withdrawn=tuple(_fact(triple) for triple in scope.withdrawn),
                )
                for scope in self.scopes
            ),
            observations=tuple(_observation(item) for item in self.observations),
            silence=timedelta(seconds=self.silence_seconds) if self.silence_seconds else None,
            documents=_documents(self.documents),
        )


def _documents(told: WireDocuments | None) -> Documents | None:
    return told if told is None else Documents(digest=told.digest, remarks=told.remarks, unread=told.not_understood)


def _fact(triple: Triple) -> Fact:
    subject, predicate, value = triple
    return Fact(_iri(subject), _iri(predicate), _term(value))


def _term(text: str) -> Term:
    """Return the term; a space in an IRI, say, would break every notation that it is written in."""
    term = decode(text)
    if isinstance(term, Literal) and term.datatype in TAGGED and not term.language:
        raise MalformedTerm(term=text, reason=UNTAGGED)
    try:
        to_ox(term)
    except ValueError as error:
        raise MalformedTerm(term=text, reason=str(error)) from None
    return term


def _iri(text: str) -> Iri:
    term = _term(text)
    if not isinstance(term, str):
        raise MalformedTerm(term=text, reason="a literal stands where only an IRI can")
    return term


def _observation(item: WireObservation) -> Observation:
    if item.sketch:
        # Once committed it would be merged for ever: what can't be read is refused at the door.
        sketches.decode(item.sketch)
    # Not model_dump: it writes the sketch in base64 again.
    return Observation(**dict(item) | {"subject": _iri(item.subject), "metric": _iri(item.metric)})


def to_wire(batch: Batch) -> dict[str, Any]:
    """Return the JSON document of a batch, as ``WireBatch`` reads it."""
    return {
        "source": batch.source,
        "run": batch.run,
        "method": batch.method.value,
        "scopes": [
            {
                "name": scope.name,
                "complete": scope.complete,
                "stated": [_triple(fact) for fact in scope.stated],
                "withdrawn": [_triple(fact) for fact in scope.withdrawn],
            }
            for scope in batch.scopes
        ],
        "observations": [_wire_observation(item) for item in batch.observations],
        "silence_seconds": batch.silence.total_seconds() if batch.silence else None,
        **({"documents": _wire_documents(batch.documents)} if batch.documents else {}),
    }


def _wire_documents(made: Documents) -> dict[str, Any]:
    return {"digest": made.digest, "remarks": made.remarks, "not_understood": made.unread}


def _triple(fact: Fact) -> Triple:
    return (encode(fact.subject), encode(fact.predicate), encode(fact.object))


def _wire_observation(item: Observation) -> dict[str, Any]:
    return {
        "subject": encode(item.subject),
        "metric": encode(item.metric),
        "unit": item.unit,
        "start": _time(item.start),
        "end": _time(item.end),
        "count": item.count,
        "total": item.total,
        "minimum": item.minimum,
        "maximum": item.maximum,
        "sketch": base64.b64encode(item.sketch).decode(),
        "estimated": item.estimated,
    }


def _time(moment: datetime) -> str:
    return moment.isoformat()
