"""Batches over HTTP: in as JSON or as documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import ValidationError

from stratagraph.loaders import files
from stratagraph.loaders.origins import Loaded, Origins
from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine import Committed, Engine
from stratagraph.service.http.wire import LONGEST_NAME, LONGEST_SCOPE, WireBatch

MEDIA_TYPES: Final = {
    "text/turtle": "upload.ttl",
    "application/n-triples": "upload.nt",
    "application/rdf+xml": "upload.rdf",
    "application/ld+json": "upload.jsonld",
    "application/yaml": "upload.yaml",
    "application/x-yaml": "upload.yaml",
    "text/yaml": "upload.yaml",
}
"""What an upload is, by its media type: the name that errors call it by."""


@dataclass(kw_only=True)
class UnsupportedUpload(StratagraphError):
    """A body whose media type no loader reads."""

    slug: ClassVar[str] = "unsupported-upload"
    status: ClassVar[int] = 415
    text: ClassVar[str] = "The Content-Type '{given}' is not read here. Send one of: {known}."
    given: str
    known: str


@dataclass(kw_only=True)
class TooLarge(StratagraphError):
    """A body over the limit."""

    slug: ClassVar[str] = "too-large"
    status: ClassVar[int] = 413
    text: ClassVar[str] = "The body is larger than {mib} MiB. Send it in parts, or raise STRATAGRAPH_REQUEST_MIB."
    mib: int


@dataclass(kw_only=True)
class MalformedBatch(StratagraphError):
    """A JSON body that is no batch."""

    slug: ClassVar[str] = "malformed-batch"
    status: ClassVar[int] = 400
    text: ClassVar[str] = "The body is no batch: {reason}. Its form is described at /docs."
    reason: str


def router(engine: Engine) -> APIRouter:
    """Return the route that commits a batch."""
    routes = APIRouter(prefix="/api", tags=["ledger"])

    @routes.post(
        "/batches",
        status_code=201,
        summary="Commit a batch: JSON, or an RDF or YAML document",
        openapi_extra={"requestBody": {"content": {"application/json": {"schema": WireBatch.model_json_schema()}}}},
    )
    async def commit(
        request: Request,
        source: Annotated[
            str, Query(min_length=1, max_length=LONGEST_NAME, description="Who says so; for documents.")
        ] = "upload",
        scope: Annotated[
            str, Query(max_length=LONGEST_SCOPE, description="The part of the source a document is; for documents.")
        ] = "upload",
        complete: Annotated[bool, Query(description="Whether the document is all of its scope.")] = False,
    ) -> dict[str, Any]:
        body = await _read(request, engine.settings.request_mib)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        loaded = await to_thread.run_sync(lambda: _batch(engine, body, media_type, source, scope, complete=complete))
        answer = receipt(await to_thread.run_sync(engine.commit, loaded.batch))
        return answer | {"warnings": [*(remark.document() for remark in loaded.remarks), *answer["warnings"]]}

    return routes


async def _read(request: Request, limit_mib: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_mib * 1024 * 1024:
            raise TooLarge(mib=limit_mib)
    return bytes(body)


def _batch(engine: Engine, body: bytes, media_type: str, source: str, scope: str, *, complete: bool) -> Loaded:
    if media_type in ("application/json", ""):
        try:
            return Loaded(WireBatch.model_validate_json(body).batch(), Origins())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise MalformedBatch(reason=f"{where}: {first['msg']}" if where else first["msg"]) from None
    if media_type not in MEDIA_TYPES:
        known = ", ".join(("application/json", *MEDIA_TYPES))
        raise UnsupportedUpload(given=media_type, known=known)
    name = MEDIA_TYPES[media_type]
    loaded = files.transform(
        {name: body}, model=engine.model, base=engine.settings.base, source=source, complete=complete
    )
    only = loaded.batch.scopes[0]
    return replace(loaded, batch=replace(loaded.batch, scopes=(replace(only, name=scope),)))


def receipt(committed: Committed) -> dict[str, Any]:
    """Return what a client learns of its batch."""
    receipt = committed.receipt
    return {
        "sequence": receipt.sequence,
        "hash": receipt.batch_hash,
        "time": receipt.time.isoformat(),
        "duplicate": receipt.duplicate,
        "opened": len(receipt.change.opened),
        "closed": len(receipt.change.closed),
        "observations": len(receipt.change.observations),
        "warnings": [finding.document() for finding in committed.warnings],
    }
