"""MCP servers as registries and their authors describe them: ``server.json`` of any year, and pages of a registry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote as percent

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.secrets import public_url
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import RDFS, SG

_SCHEMA: Final = re.compile(r"modelcontextprotocol.*server\.schema\.json")
_REGISTRY: Final = "io.modelcontextprotocol.registry"
_OFFICIAL: Final = f"{_REGISTRY}/official"
_TEMPLATE: Final = re.compile(r"\{[^{}]*\}")
_PACKAGES: Final = {"npm": "npm", "pypi": "pypi", "nuget": "nuget", "cargo": "cargo"}
"""What registries of packages are called here, and in a package URL."""
_TAG: Final = re.compile(r"(:[\w.-]+)?(@sha256:[0-9a-f]+)?$")
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})


class McpServers:
    """The format."""

    kind = Kind.MCP

    def recognises(self, document: Document) -> bool:
        """Tell whether a document is the description of a server, or a registry's list of them."""
        return any(_is_server(value) or _is_page(value) for value in document.values)

    def read(self, document: Document, description: Description) -> None:
        """State a tool for each server that is not deleted, whatever number of versions is listed.

        Raises:
            MalformedDocument: a server has no name.
        """
        page = Fields(description, document.values[0], (0,))
        if "servers" in page:
            entries = [_Entry.of(fields) for fields in page.each("servers")]
            if page.fields("metadata").text("nextCursor") or page.fields("metadata").text("next_cursor"):
                description.remark("further-pages", page.place("metadata"), field="nextCursor")
        else:
            entries = [_Entry.of(page)]
        listed: dict[str, list[_Entry]] = {}
        for entry in entries:
            listed.setdefault(entry.server.text("name"), []).append(entry)
        for name, versions in listed.items():
            _state(description, name, versions)
        page.rest(ignored_fields("mcp"))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A version of a server, and what its registry says of it."""

    server: Fields
    version: str
    deleted: bool
    latest: bool | None

    @classmethod
    def of(cls, fields: Fields) -> _Entry:
        """Read an entry of a list, where the server stands within or is the entry itself."""
        server = fields.fields("server") if "server" in fields else fields
        official: dict[str, Any] = {}
        for holder in (fields, server):
            meta = holder.values.get("_meta")
            said = meta.get(_OFFICIAL) if isinstance(meta, Mapping) else holder.values.get(f"x-{_REGISTRY}")
            official = official or (dict(said) if isinstance(said, Mapping) else {})
        detail = server.fields("version_detail")
        latest = official.get("isLatest", official.get("is_latest", detail.raw("is_latest")))
        detail.leave()
        status = str(official.get("status") or server.values.get("status") or "")
        version = server.text("version") or str(detail.values.get("version") or "")
        return cls(server, version, status.lower() == "deleted", latest if isinstance(latest, bool) else None)


def _is_server(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    inner = value.get("server")
    if isinstance(inner, Mapping) and "name" in inner:
        return _is_server(inner) or "_meta" in value or _registered(value)
    schema = value.get("$schema")
    if isinstance(schema, str) and _SCHEMA.search(schema):
        return True
    named = isinstance(value.get("name"), str) and value["name"].count("/") == 1
    offered = any(isinstance(value.get(part), list) for part in ("packages", "remotes")) or _registered(value)
    return named and offered and ("version" in value or "version_detail" in value) and "specVersion" not in value


def _registered(value: Mapping[str, Any]) -> bool:
    """Whether a registry has written down what it knows of a server: beside it, or among its own notes."""
    meta = value.get("_meta")
    names = [*value, *(meta if isinstance(meta, Mapping) else ())]
    return any(name.removeprefix("x-").startswith(_REGISTRY) for name in names)


def _is_page(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("servers"), list):
        return False
    metadata = value.get("metadata")
    if not value["servers"]:
        return isinstance(metadata, Mapping) and not metadata.keys() - {"count", "total", "nextCursor", "next_cursor"}
    return all(map(_is_server, value["servers"]))


def _state(description: Description, name: str, versions: list[_Entry]) -> None:
    """State the server that some versions are of, by the newest as its registry says; none if all are deleted."""
    kept = [entry for entry in versions if not entry.deleted]
    for entry in versions:
        if entry not in kept:
            entry.server.leave()
    if not kept:
        return
    # One of several pages may hold none but older versions, which say nothing of what is offered now.
    alone = kept[0] if len(versions) == 1 and kept[0].latest is not False else None
    current = next((entry for entry in kept if entry.latest), alone)
    iri = description.asset(SG.Tool, name, at=kept[0].server.place("name"))
    for entry in kept:
        if len(versions) > 1 or entry.latest is not None:
            description.state(iri, SG.registeredVersion, entry.version, at=entry.server.place("version"))
        if entry is not current:
            entry.server.leave()
    if current is None:
        return
    server = current.server
    description.state(iri, SG.version, current.version, at=server.place("version"))
    description.state(iri, RDFS.label, server.text("title"), at=server.place("title"))
    description.state(iri, SG.purpose, server.text("description"), at=server.place("description"))
    repository = server.fields("repository")
    description.state(iri, SG.repository, public_url(repository.text("url")), at=repository.at)
    for package in server.each("packages"):
        _package(description, iri, package)
    for remote in server.each("remotes"):
        _remote(description, iri, remote)


def _package(description: Description, iri: Iri, package: Fields) -> None:
    """State in which package a server comes, by its package URL, or where an image or a bundle lies."""
    registry = package.text("registryType") or package.text("registry_type") or package.text("registry_name")
    identifier = package.text("identifier") or package.text("name")
    if not identifier:
        return
    if kind := _PACKAGES.get(registry.lower()):
        name = identifier.lower().replace("_", "-") if kind == "pypi" else identifier
        url = f"pkg:{kind}/{percent(name, safe='/')}"
        description.state(iri, SG.packageUrl, url, at=package.place("identifier"))
    elif "://" in identifier:
        description.state(iri, SG.repository, public_url(identifier), at=package.place("identifier"))
    else:
        # The tag is the version, and the asset is not one version.
        description.state(iri, SG.repository, _TAG.sub("", identifier), at=package.place("identifier"))


def _remote(description: Description, iri: Iri, remote: Fields) -> None:
    """State where a server answers, and by which headers callers prove who they are: their names, never a value."""
    written = remote.text("url")
    transport = remote.text("type") or remote.text("transport_type")
    if written:
        url = written.partition("?")[0] if _TEMPLATE.search(written) else public_url(written)
        description.state(iri, SG.interface, f"{transport} {url}".strip(), at=remote.place("url"))
        if not _TEMPLATE.search(url):
            description.state(iri, SG.url, url, at=remote.place("url"))
    for header in _secret_headers(remote.values.get("headers")):
        description.state(iri, SG.authentication, f"header {header}", at=remote.place("headers"))


def _secret_headers(headers: Any) -> Iterator[str]:
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, Mapping) and isinstance(name := header.get("name"), str):
            secret = header.get("isSecret", header.get("is_secret"))
            if secret is True or name.lower() in _CREDENTIALS:
                yield name


FORMAT: Final = McpServers()
