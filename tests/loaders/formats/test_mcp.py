"""MCP servers as a source: ``server.json`` of several years, and pages of a registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import Described, described
from tests.loaders.formats.samples_read import SAMPLES, read, sample

FREIGHT = "Tool/br.example%2Ffrete"
NOTES = "Tool/io.example%2Fnotas"
OFFICIAL = "io.modelcontextprotocol.registry/official"


def listed(*versions: tuple[str, str, bool | None]) -> Described:
    """What a page states that lists versions of one server, each with its status and whether it is the latest."""
    servers: list[Any] = []
    for version, status, latest in versions:
        meta = {"status": status} | ({} if latest is None else {"isLatest": latest})
        server = {"name": "a.b/c", "description": f"of {version}", "version": version, "remotes": []}
        servers.append({"server": server, "_meta": {OFFICIAL: meta}})
    return described(json.dumps({"servers": servers, "metadata": {"count": len(servers)}}), "page.json")


@pytest.mark.shared
def test_ground_truth(shared: Path) -> None:
    folder = shared / "formats/mcp-server-json"
    stock, tool = read(folder / "stock.server.json"), "Tool/org.example.warehouse%2Fstock"
    assert stock.kind is Kind.MCP
    assert stock.assets == {(tool, "Tool")}
    assert list(stock.of(tool, "version")) == ["1.6.0"]
    assert list(stock.of(tool, "rdfs:label")) == ["Warehouse stock"]
    assert list(stock.of(tool, "packageUrl")) == ["pkg:npm/%40example-warehouse/stock-mcp"]
    assert list(stock.of(tool, "interface")) == [
        "sse https://legacy.warehouse.example.org/sse",
        "streamable-http https://{tenant}.warehouse.example.org/mcp",
    ]
    page = read(folder / "registry-list.json")
    assert page.assets == {(tool, "Tool")}
    assert list(page.of(tool, "version")) == ["1.6.0"]
    assert list(page.of(tool, "registeredVersion")) == ["1.5.2", "1.6.0"]
    old = read(folder / "old-2025-07-09.server.json")
    assert list(old.of("Tool/org.example.library%2Fcatalogue", "version")) == ["0.4.0"]
    assert list(old.of("Tool/org.example.library%2Fcatalogue", "packageUrl")) == ["pkg:pypi/library-catalogue-mcp"]
    assert not stock.unread
    assert not page.unread
    assert not old.unread


def test_the_newest_is_the_one_that_the_registry_says() -> None:
    page = sample("mcp/page.json")
    assert list(page.of(FREIGHT, "version")) == ["0.10.0"]
    assert list(page.of(FREIGHT, "purpose")) == ["Cota e reserva fretes."]
    assert list(page.of(FREIGHT, "packageUrl")) == []
    assert list(page.of(FREIGHT, "repository")) == ["https://dl.example.org/frete.mcpb"]


def test_no_value_of_a_variable_is_kept() -> None:
    page = sample("mcp/page.json")
    told = json.dumps([*map(str, page.facts), str(page.unread)])
    kept = [word for word in ("do-not-keep-me", "nor-me", "nor-this", "never-this", "{key}", "hush") if word in told]
    assert kept == []
    assert list(page.of(FREIGHT, "authentication")) == ["header X-Key"]
    assert list(page.of(FREIGHT, "interface")) == ["streamable-http https://{region}.frete.example.org/mcp"]
    assert list(page.of(FREIGHT, "url")) == []


def test_what_was_not_understood_is_counted() -> None:
    assert sample("mcp/page.json").unread == {"servers[].server.newField": 1}


def test_further_pages_are_remarked() -> None:
    (remark,) = sample("mcp/page.json").loaded.remarks
    assert "nextCursor" in remark.texts["en"]


def test_a_page_without_the_newest_version_says_nothing_of_what_is_offered_now() -> None:
    page = sample("mcp/page.json")
    assert ("Tool/br.example%2Fearlier", "Tool") in page.assets
    assert list(page.of("Tool/br.example%2Fearlier", "version")) == []
    assert list(page.of("Tool/br.example%2Fearlier", "registeredVersion")) == ["1.0.0"]


@pytest.mark.parametrize(
    ("versions", "current", "kept"),
    [
        ([("1.9", "active", False), ("1.10", "active", True)], ["1.10"], ["1.10", "1.9"]),
        ([("1.10", "active", True), ("1.9", "deleted", False)], ["1.10"], ["1.10"]),
        ([("1.10", "deleted", True), ("1.9", "active", False)], [], ["1.9"]),
        ([("1.9", "active", None), ("1.10", "active", None)], [], ["1.10", "1.9"]),
        ([("1.9", "deprecated", True)], ["1.9"], ["1.9"]),
    ],
)
def test_versions(versions: list[tuple[str, str, bool | None]], current: list[str], kept: list[str]) -> None:
    said = listed(*versions)
    assert list(said.of("Tool/a.b%2Fc", "version")) == current
    assert list(said.of("Tool/a.b%2Fc", "registeredVersion")) == kept


def test_a_deleted_server_is_none() -> None:
    assert listed(("1.0", "deleted", True), ("0.9", "deleted", False)).facts == frozenset()


def test_an_empty_page_is_one() -> None:
    said = described('{"servers": [], "metadata": {"count": 0}}', "page.json")
    assert (said.kind, said.facts) == (Kind.MCP, frozenset())


def test_the_oldest_form() -> None:
    said = sample("mcp/2025-06.server.json")
    assert list(said.of(NOTES, "version")) == ["3.1.0"]
    assert list(said.of(NOTES, "packageUrl")) == ["pkg:npm/%40notas/mcp"]
    assert list(said.of(NOTES, "repository")) == [
        "https://git.example.org/notas",
        "registry.example.org:5000/notas/mcp",
    ]
    assert said.unread == {}


def test_an_answer_about_one_server() -> None:
    (server, *_) = json.loads((SAMPLES / "mcp/page.json").read_text())["servers"][1:]
    said = described(json.dumps(server), "answer.json")
    assert list(said.of(FREIGHT, "version")) == ["0.10.0"]


@pytest.mark.parametrize(
    ("image", "kept"),
    [
        ("ghcr.io/a/b:1.6.0", "ghcr.io/a/b"),
        ("ghcr.io/a/b@sha256:00ff", "ghcr.io/a/b"),
        ("ghcr.io/a/b:1@sha256:00ff", "ghcr.io/a/b"),
        ("localhost:5000/b", "localhost:5000/b"),
    ],
)
def test_images(image: str, kept: str) -> None:
    server = {"name": "a.b/c", "version": "1", "packages": [{"registryType": "oci", "identifier": image}]}
    assert list(described(json.dumps(server), "server.json").of("Tool/a.b%2Fc", "repository")) == [kept]


def test_a_server_without_a_name() -> None:
    schema = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
    with pytest.raises(MalformedDocument, match="has no name"):
        described(json.dumps({"$schema": schema, "version": "1"}), "server.json")


NOTED = {"serverId": "1", "publishedAt": "2025-09-01T00:00:00Z"}
SERVER = {"name": "a.b/c", "description": "d", "version": "2.0"}
PAGES = {
    "notes of the server itself": {**SERVER, "_meta": {OFFICIAL: {**NOTED, "isLatest": True}}},
    "notes beside the server": {"server": SERVER, "_meta": {OFFICIAL: {**NOTED, "isLatest": True}}},
    "an extension beside the server": {
        "server": SERVER,
        "x-io.modelcontextprotocol.registry": {"id": "1", "published_at": "x", "is_latest": True},
        "x-publisher": {"tool": "x"},
    },
    "the first form": {
        "id": "1",
        "name": "a.b/c",
        "version_detail": {"version": "2.0", "is_latest": True},
        "remotes": [],
    },
}


@pytest.mark.parametrize("entry", PAGES.values(), ids=list(PAGES))
def test_pages_of_every_form(entry: dict[str, Any]) -> None:
    said = described(json.dumps({"servers": [entry], "metadata": {"count": 1}}), "page.json")
    assert said.kind is Kind.MCP
    assert (list(said.of("Tool/a.b%2Fc", "version")), list(said.of("Tool/a.b%2Fc", "registeredVersion"))) == (
        ["2.0"],
        ["2.0"],
    )
    assert said.unread == {}
