"""Batches over HTTP: in as JSON or as documents."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, BinaryIO, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from stratagraph.loaders import files
from stratagraph.loaders.kinds import kind_named
from stratagraph.loaders.origins import Loaded, Origins
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Repetition
from stratagraph.ontology.model import OntologyModel
from stratagraph.queries.names import resolve_name
from stratagraph.service.engine.committer import Committed
from stratagraph.service.engine.effects import effects
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.documents.ledger import BatchReceipt, RepetitionReceipt, WithdrawalReceipt
from stratagraph.service.http.documents.media import REF, texts
from stratagraph.service.http.documents.problem import problems
from stratagraph.service.http.intake import Intake
from stratagraph.service.http.negotiation import media_type_of
from stratagraph.service.http.parameters import EmptyParameter
from stratagraph.service.http.places import WRITERS
from stratagraph.service.http.receipts import UNREAD, receipt, remarked, repetition_receipt
from stratagraph.service.http.sequence import answered_at
from stratagraph.service.http.tongue import in_tongue
from stratagraph.service.http.wire import LONGEST_NAME, LONGEST_SCOPE, WireBatch, WireRepetition
from stratagraph.service.views.dump import dump
from stratagraph.service.withdrawal import withdrawal

log = logging.getLogger(__name__)

MEDIA_TYPES: Final = {
    "text/turtle": "upload.ttl",
    "application/n-triples": "upload.nt",
    "application/rdf+xml": "upload.rdf",
    "application/ld+json": "upload.jsonld",
    "application/yaml": "upload.yaml",
    "application/x-yaml": "upload.yaml",
    "text/yaml": "upload.yaml",
    "text/csv": "upload.csv",
    "text/tab-separated-values": "upload.tsv",
    "text/markdown": "upload.md",
    "application/x-ndjson": "upload.ndjson",
    "application/jsonl": "upload.ndjson",
    "text/plain": "upload.txt",
    "application/openmetrics-text": "upload.txt",
}
"""What an upload is, by its media type: the name that errors call it by."""
_JSON: Final = "application/json"
_JSON_NAME: Final = "upload.json"
"""What a JSON document is called that is no batch, because the request says of which kind it is."""
_BODY: Final = {_JSON: {"schema": {"$ref": REF.format(model=WireBatch.__name__)}}, **texts(MEDIA_TYPES)}

PATH: Final = "/api/batches"

SourceOf = Annotated[str, Query(min_length=1, max_length=LONGEST_NAME, description="Who says so; for documents.")]
ScopeOf = Annotated[
    str, Query(max_length=LONGEST_SCOPE, description="The part of the source a document is; for documents.")
]
Complete = Annotated[bool, Query(description="Whether the document is all of its scope.")]
KindOf = Annotated[
    str, Query(description="What the document is, as --kind of 'stratagraph load' says it; JSON without it is a batch.")
]
AllowEmpty = Annotated[
    bool, Query(alias="allowEmpty", description="Whether a complete document that says nothing may close its scope.")
]
DryRun = Annotated[bool, Query(alias="dryRun", description="Only find out what would change: commit nothing.")]


class UnsupportedUpload(StratagraphError, slug="unsupported-upload", status=415):
    """A body whose media type no loader reads."""

    text = "The Content-Type '{given}' is not read here. Send one of: {known}; in UTF-8."

    given: str
    known: str


class EncodedUpload(StratagraphError, slug="encoded-upload", status=415):
    """A body that is packed."""

    text = "The Content-Encoding '{given}' is not read here. Send the document as it is."

    given: str


class EmptyUpload(StratagraphError, slug="empty-upload", status=409):
    """A document that is all of its scope and says nothing, where the scope said something before."""

    text = (
        "The document says nothing, and would close all {claims} statements of the scope '{scope}' of '{source}'. "
        "Send the right document; or allowEmpty=true, if nothing is left to be said."
    )

    claims: int
    scope: str
    source: str


class NotRepeated(StratagraphError, slug="not-repeated", status=409):
    """A run says what the last one said, and that can't be known."""

    text = (
        "What the source '{source}' said of these scopes was made of other documents, or in another way, or something "
        "was opened or closed there since. Nothing was committed; send the batch itself."
    )

    source: str


class TooLarge(StratagraphError, slug="too-large", status=413):
    """A body over the limit."""

    text = "The body is larger than {mib} MiB. Send it in parts, or raise STRATAGRAPH_REQUEST_MIB."

    mib: int


class MalformedBatch(StratagraphError, slug="malformed-batch", status=400):
    """A JSON body that is no batch."""

    text = "The body is no batch: {reason}. Its form is described at /docs."

    reason: str


def router(engine: Engine, intake: Intake) -> APIRouter:
    """Return the routes that commit a batch, and take back what a source says."""
    routes = APIRouter(prefix="/api", tags=["ledger"])
    # Not the pool that reads share: a commit must never wait for a thread that a reader holds.
    writers = CapacityLimiter(WRITERS)

    @routes.post(
        "/batches",
        status_code=201,
        summary="Commit a batch: JSON, or a document of any kind that is loaded",
        responses={
            200: {"model": BatchReceipt, "description": "What a dry run found"},
            201: {"model": BatchReceipt},
            **problems(400, 409, 413, 415, 503),
        },
        openapi_extra={"requestBody": {"required": True, "content": _BODY}},
    )
    async def commit(
        request: Request,
        response: Response,
        source: SourceOf = "upload",
        scope: ScopeOf = "upload",
        kind: KindOf = "",
        complete: Complete = False,
        allow_empty: AllowEmpty = False,
        dry_run: DryRun = False,
    ) -> dict[str, Any]:
        media_type = _media_type(request)
        sent_as = _Upload(media_type, kind)
        if dry_run:
            response.status_code = HTTPStatus.OK
        mib = engine.settings.request_mib
        async with intake.body(request, mib << 20, partial(TooLarge, mib=mib)) as body, intake.room(body.size):
            sent = await body.read()
            read = partial(_batch, engine, sent, sent_as, source, scope, complete=complete)
            loaded = await to_thread.run_sync(read, limiter=writers)
            if complete and not allow_empty:
                await to_thread.run_sync(_refuse_emptying, engine, loaded.batch, sent_as, limiter=writers)
            commit = partial(Writer(engine).commit, loaded.batch, dry_run=dry_run)
            answer = await to_thread.run_sync(commit, limiter=writers)
        _announce(answer)
        told: dict[str, Any] = in_tongue(remarked(answer, loaded))
        return told

    _add_repetition(routes, engine, writers)
    _add_withdrawal(routes, engine, writers)
    return routes


def _add_repetition(routes: APIRouter, engine: Engine, writers: CapacityLimiter) -> None:
    """Add what a run commits that read the documents of the last one."""

    @routes.post(
        "/batches/repeat",
        status_code=201,
        summary="Commit that a run read the documents of the last one, and says what that one said",
        responses={201: {"model": RepetitionReceipt}, **problems(400, 409, 413, 422, 503)},
    )
    async def repeat(body: WireRepetition) -> dict[str, Any]:
        answer = await to_thread.run_sync(Writer(engine).repeat, body.repetition(), limiter=writers)
        if answer is None:
            raise NotRepeated(source=body.source)
        _announce(answer)
        told: dict[str, Any] = in_tongue(answer)
        return told


def _add_withdrawal(routes: APIRouter, engine: Engine, writers: CapacityLimiter) -> None:
    """Add what takes back what a source says."""

    @routes.delete(
        "/sources",
        summary="Withdraw what a source says, wholly or in some of its scopes",
        responses={200: {"model": WithdrawalReceipt}, **problems(400, 404, 409, 503)},
    )
    async def withdraw(
        source: Annotated[str, Query(min_length=1, max_length=LONGEST_NAME, description="Whose statements.")],
        scope: Annotated[
            list[str] | None, Query(description="Only this scope and what lies below it; may be given several times.")
        ] = None,
        dry_run: DryRun = False,
    ) -> dict[str, Any]:
        close = partial(Writer(engine).withdraw, source, scope or (), dry_run=dry_run)
        answer = await to_thread.run_sync(close, limiter=writers)
        _announce(answer)
        told: dict[str, Any] = in_tongue(answer)
        return told


class _Upload:
    """What a body is, as its sender says.

    Raises:
        UnknownKind: of a kind that there is not.
    """

    def __init__(self, media_type: str, kind: str) -> None:
        self.is_document = media_type in MEDIA_TYPES or bool(kind)
        self.name = MEDIA_TYPES.get(media_type, _JSON_NAME)
        self.kind = kind_named(kind) if kind else None


class Writer:
    """What the routes write by, for a command that holds the engine itself: the same answers, without the wire.

    The engine may not have taken in everything: it does before anything is asked that needs it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def commit(self, batch: Batch, *, dry_run: bool = False) -> dict[str, Any]:
        """Commit a batch, or find out what that would do; return what a client learns of it."""
        engine = self._engine
        engine.take_in()
        return told_of(engine, engine.rehearse(batch) if dry_run else engine.commit(batch), dry_run=dry_run)

    def repeat(self, repetition: Repetition) -> dict[str, Any] | None:
        """Commit that a run found the documents of the last one of its scopes; None where it must say all once more."""
        repeated = self._engine.repeat(repetition)
        return None if repeated is None else repetition_receipt(repeated)

    def withdraw(self, source: str, scopes: Sequence[str], *, dry_run: bool = False) -> dict[str, Any]:
        """Close what a source says, wholly or in some scopes; return what a client learns of it."""
        self._engine.take_in()
        batch = withdrawal(self._engine.ledger, source, scopes)
        return self.commit(batch, dry_run=dry_run) | {"scopes": [closed.name for closed in batch.scopes]}

    def scopes(self, source: str) -> dict[str, int]:
        """Return the scopes of a source with the number of their open claims."""
        records = self._engine.ledger.sources(source=source)
        return {scope.name: scope.open_claims for record in records for scope in record.scopes}

    def ontology(self) -> OntologyModel:
        """Return the ontology in force."""
        return self._engine.model

    def dump(self, media_type: str, file: BinaryIO, *, system: str | None = None, lang: str = "en") -> None:
        """Write the whole graph to a file, or a system of it, which is given by name."""
        engine = self._engine
        engine.take_in()
        if system is not None and not system.strip():
            raise EmptyParameter(parameter="system")
        part = resolve_name(engine.triples, engine.model, system, engine.settings.base) if system else None
        dump(engine.triples.store, media_type, file, system=part, language=lang)


def told_of(engine: Engine, committed: Committed, *, dry_run: bool) -> dict[str, Any]:
    """Return what a client learns of what became of a batch, or would."""
    answer = receipt(committed) | {"dryRun": dry_run}
    try:
        happened = effects(committed.receipt.change, engine.ledger, engine.model)
    except Exception:
        if dry_run:
            raise
        # It is committed, and that is what the client asked for: an error would make it take it for refused.
        log.exception("what sequence %d means in the graph can't be read", committed.receipt.sequence)
        return answer | UNREAD
    answer |= happened.counts()
    if dry_run:
        # Which sequence it would be is not decided before it is.
        answer |= {"sequence": None, "hash": None, "time": None, "changes": happened.lists()}
    return answer


def _announce(answer: dict[str, Any]) -> None:
    """Let the header carry the batch's own sequence: a client that sends it on reads its write. A dry run has none."""
    if answer["sequence"] is not None:
        answered_at(answer["sequence"])


def _media_type(request: Request) -> str:
    """Return the media type of the body.

    Raises:
        UnsupportedUpload, EncodedUpload: for what is not read.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise EncodedUpload(given=encoding)
    given = request.headers.get("content-type", "")
    media_type, charset = media_type_of(given)
    if media_type not in {"", _JSON, *MEDIA_TYPES} or charset != "utf-8":
        raise UnsupportedUpload(given=given, known=", ".join((_JSON, *MEDIA_TYPES)))
    return media_type


def _refuse_emptying(engine: Engine, batch: Batch, upload: _Upload) -> None:
    """Refuse a document that is empty by accident; a JSON batch says of each scope itself that it is complete."""
    if not upload.is_document or any(scope.stated for scope in batch.scopes):
        return
    known = Writer(engine).scopes(batch.source)
    for scope in batch.scopes:
        if claims := known.get(scope.name):
            raise EmptyUpload(claims=claims, scope=scope.name, source=batch.source)


def _batch(engine: Engine, body: bytes, upload: _Upload, source: str, scope: str, *, complete: bool) -> Loaded:
    if not upload.is_document:
        try:
            return Loaded(WireBatch.model_validate_json(body).batch(), Origins())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise MalformedBatch(reason=f"{where}: {first['msg']}" if where else first["msg"]) from None
    document = SourceFile(scope=scope, data=body, shown=upload.name, kind=upload.kind)
    return files.transform([document], model=engine.model, base=engine.settings.base, source=source, complete=complete)
