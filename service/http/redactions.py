"""Redactions: what was said of somebody is erased, for ever and everywhere, and who asked for that is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import SG, expand
from stratagraph.ontology.sentences import say
from stratagraph.queries import names
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.erasure import Remains
from stratagraph.service.http.access import asker
from stratagraph.service.http.batches import DryRun
from stratagraph.service.http.documents.ledger import RedactionList, RedactionReceipt
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.tongue import spoken
from stratagraph.service.ledger.dropping import REDACTION
from stratagraph.service.ledger.errors import NothingToRedact
from stratagraph.service.ledger.history import BatchRecord
from stratagraph.service.ledger.intake import LEDGER_SOURCE
from stratagraph.service.ledger.interning import is_storable
from stratagraph.service.ledger.redaction import Redaction, Sought
from stratagraph.service.neo4j.target import find_target

LONGEST_REASON: Final = 500
"""Characters of a reason: it stands in the chain for ever."""
LONGEST_NAME: Final = 200
LONGEST_VALUE: Final = 10_000
MOST_LISTED: Final = 1000

BACK_UPS: Final = "Back-ups and exports that were made before hold the value: erase it there, or let them go."
NEO4J: Final = (
    "Neo4j's files and its transaction log may hold the value until they are pruned: run 'stratagraph neo4j rebuild', "
    "then let the log rotate."
)
POSTGRESQL: Final = "PostgreSQL's write-ahead log and its replicas hold the value until they are recycled."


class ObjectAlone(StratagraphError, slug="object-alone", status=422):
    """A value to erase, and no property that it is a value of."""

    text = "An object is erased as a property's value. Name the predicate too, or the subject alone to erase all of it."


class RedactionRequest(BaseModel):
    """What to erase: all about a subject, its values of a property, or one of them; and why."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=LONGEST_VALUE, description="IRI, CURIE, name or label")
    predicate: str | None = Field(default=None, min_length=1, max_length=LONGEST_VALUE, description="Property")
    object: str | None = Field(default=None, max_length=LONGEST_VALUE, description="One value: a text or an IRI")
    reason: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S", description="Stays for ever")
    by: str | None = Field(default=None, min_length=1, max_length=LONGEST_NAME, description="Who wants it")


def router(engine: Engine) -> APIRouter:
    """Return the routes that erase, and tell what was erased."""
    routes = APIRouter(prefix="/api/ledger", tags=["ledger"])

    @routes.post(
        "/redactions",
        status_code=201,
        summary="Erase what was said about a subject, for ever and everywhere",
        responses={
            200: {"model": RedactionReceipt, "description": "What a dry run found"},
            201: {"model": RedactionReceipt},
            **problems(400, 404, 409, 503),
        },
    )
    def redact(
        wanted: RedactionRequest, request: Request, response: Response, dry_run: DryRun = False
    ) -> dict[str, Any]:
        sought = _sought(engine, wanted)
        with engine.reading() as snapshot:
            same = [iri for iri in snapshot.members(sought.subject) if iri != sought.subject]
        redaction, remains = engine.redact(sought, by=_by(wanted, request), why=wanted.reason, dry_run=dry_run)
        if dry_run:
            response.status_code = HTTPStatus.OK
        return _receipt(redaction, dry_run=dry_run) | {
            "alsoKnownAs": same,
            "remains": _remains(remains),
            "beyond": [say(text, spoken()) for text in _beyond(engine)],
        }

    @routes.get(
        "/redactions",
        summary="What was redacted, by whom and why, and what of it could not be reached yet",
        responses={200: {"model": RedactionList}, **problems(400, 503)},
    )
    def redactions(
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED, description="Most of one answer.")] = 100,
    ) -> dict[str, Any]:
        # The ledger writes little about itself: the newest of that hold the redactions asked for.
        entries = engine.ledger.batches(limit=MOST_LISTED, source=LEDGER_SOURCE)
        told = [_entry(entry) for entry in entries if entry.kind == REDACTION][:limit]
        return {"redactions": told, "remains": _remains(engine.erasure.sweep())}

    return routes


def _sought(engine: Engine, wanted: RedactionRequest) -> Sought:
    model = engine.model
    predicate = _property(model, wanted.predicate) if wanted.predicate else None
    value = wanted.object
    if value is not None and predicate not in model.attributes:
        bare = value.strip().removeprefix("<").removesuffix(">")
        value = expand(bare) or bare
    if value is not None and predicate is None:
        raise ObjectAlone
    sought = Sought(subject=_subject(engine, wanted.subject), predicate=predicate, value=value)
    # The views can't even be asked for what is no IRI, and nobody can have stated it.
    if not is_storable(sought.subject):
        raise NothingToRedact(sought=str(sought))
    return sought


def _subject(engine: Engine, text: str) -> Iri:
    """Return what a text names: any IRI, for what is no longer stated has no name any more; else an asset's name."""
    bare = text.strip().removeprefix("<").removesuffix(">")
    if "://" in bare or bare.startswith("urn:"):
        return bare
    if (expanded := expand(bare)) is not None:
        return expanded
    with engine.reading() as snapshot:
        return names.resolve_name(snapshot.triples, engine.model, text, engine.settings.base)


def _property(model: OntologyModel, text: str) -> Iri:
    """Return the property that a text names: an IRI, a CURIE, or the name of one of ours."""
    known = model.attributes.keys() | model.relations.keys()
    spelled = names.spelled(model, text)
    return next((iri for iri in spelled if iri in known), spelled[-1] if ":" in text else SG.term(text.strip()))


def _by(wanted: RedactionRequest, request: Request) -> str:
    """Return who wants it: who said so, and whose token it was, which is proven."""
    proven = asker(request)
    if wanted.by is None:
        return proven
    return f"{wanted.by} ({proven})" if proven.startswith("token ") else wanted.by


def _receipt(redaction: Redaction, *, dry_run: bool) -> dict[str, Any]:
    receipt = redaction.receipt
    return {
        "sequence": None if dry_run else receipt.sequence,
        "hash": None if dry_run else receipt.batch_hash,
        "time": None if dry_run else receipt.time.isoformat(),
        "dryRun": dry_run,
        "claims": redaction.claims,
        "closed": len(receipt.change.closed),
        "observations": redaction.observations,
        "facts": [_fact(fact) for fact in redaction.facts] if dry_run else None,
        "sources": [{"source": source, "scope": scope} for source, scope in redaction.sources],
        "mentions": [asdict(mention) for mention in redaction.mentions],
    }


def _fact(fact: Fact) -> dict[str, str]:
    value = fact.object.value if isinstance(fact.object, Literal) else fact.object
    return {"subject": fact.subject, "predicate": fact.predicate, "object": value}


def _remains(remains: Sequence[Remains]) -> list[dict[str, str]]:
    return [{"place": say(left.place, spoken()), "reason": say(left.reason, spoken())} for left in remains]


def _beyond(engine: Engine) -> Iterator[str]:
    yield BACK_UPS
    if find_target(engine.settings) is not None:
        yield NEO4J
    if engine.ledger.shared:
        yield POSTGRESQL


def _entry(entry: BatchRecord) -> dict[str, Any]:
    note = json.loads(entry.note)
    dropped = sum(last - first + 1 for first, last in note.get("dropped", ()))
    return {
        "sequence": entry.sequence,
        "time": entry.time.isoformat(),
        "by": note["by"],
        "reason": note["why"],
        "claims": len(note["erased"]),
        "observations": dropped,
    }
