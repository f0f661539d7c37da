"""The web pages: static files of the package, with an ETag each and a strict content security policy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

CONTENT_SECURITY_POLICY: Final = "; ".join(  # noqa: FLY002  one directive a line reads better
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SWAGGER_UI: Final = frozenset({"swagger-ui-bundle.js", "swagger-ui.css"})
"""The files of Swagger UI that the page of the API is made of."""
_MEDIA_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Revalidated every time: modules of two versions never mix, and an unchanged file costs a 304.
    "Cache-Control": "no-cache",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    media_type: str
    etag: str

    @staticmethod
    def read(source: Traversable) -> _File:
        body = source.read_bytes()
        media_type = _MEDIA_TYPES[source.name.rpartition(".")[2]]
        return _File(body, media_type, f'"{sha256(body).hexdigest()[:32]}"')

    def response(self, request: Request) -> Response:
        """Answer with the file, or with 304 where the client has this very version."""
        headers = _HEADERS | {"ETag": self.etag}
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if known & {self.etag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(self.body, media_type=self.media_type, headers=headers)


def router() -> APIRouter:
    """Return the routes ``/``, ``/docs`` and ``/pages/...``; the files are read once."""
    routes = APIRouter(include_in_schema=False)
    shipped = _shipped(files("stratagraph.service") / "pages")

    @routes.get("/")
    def index(request: Request) -> Response:
        return shipped["index.html"].response(request)

    @routes.get("/favicon.ico")
    def icon(request: Request) -> Response:
        return shipped["icon.svg"].response(request)

    @routes.get("/docs")
    def docs(request: Request) -> Response:
        return shipped["docs.html"].response(request)

    @routes.get("/pages/swagger-ui/{name}")
    def swagger_ui(name: str, request: Request) -> Response:
        if name not in SWAGGER_UI:
            raise HTTPException(404, "There is no such page file")
        return _swagger_ui(name).response(request)

    @routes.get("/pages/{path:path}")
    def page_file(path: str, request: Request) -> Response:
        if path not in shipped:
            raise HTTPException(404, "There is no such page file")
        return shipped[path].response(request)

    return routes


@cache
def _swagger_ui(name: str) -> _File:
    """Read a file of Swagger UI, when somebody first looks at the API: a megabyte and more."""
    return _File.read(files("fastapi_offline") / "static" / name)


def _shipped(folder: Traversable, prefix: str = "") -> dict[str, _File]:
    """Read every file of a kind that pages consist of; nothing else in the folder is ever served."""
    found: dict[str, _File] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _shipped(entry, f"{prefix}{entry.name}/")
        elif entry.name.rpartition(".")[2] in _MEDIA_TYPES:
            found[prefix + entry.name] = _File.read(entry)
    return found
