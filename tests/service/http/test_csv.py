"""Every door that gives a table away: none gives a spreadsheet a formula, whoever chose a name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from fastapi import FastAPI

from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.settings import load_settings
from tests.opened import Opened

AGENT, MODEL = f"{ASSET_BASE}Agent/a", f"{ASSET_BASE}BaseModel/m"
FORMULA: Final = '=HYPERLINK("http://x","' + "click"
ASKED: Final = {
    "/api/impact": {"asset": MODEL, "format": "csv"},
    "/api/compliance/audit": {"format": "csv"},
    "/api/graph": {"format": "csv"},
    "/api/suggestions": {"format": "csv"},
    "/api/findings": {"format": "csv"},
}
"""How each route is asked for a table."""
STANDARD: Final = {"/sparql"}
"""Whose CSV is SPARQL's own, for programs: docs/reference/sparql.md says so."""


@pytest.fixture(name="anyio_backend")
def _anyio_backend() -> str:
    return "asyncio"  # what the service runs on


@pytest.fixture(name="app", scope="module")
def _app(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[FastAPI]:
    """A service over a graph where a sender chose what an agent is called."""
    facts = (
        Fact(MODEL, RDF.type, SG.BaseModel),
        Fact(MODEL, SG.name, Literal("m")),
        Fact(AGENT, RDF.type, SG.Agent),
        Fact(AGENT, SG.name, Literal(FORMULA)),
        Fact(AGENT, SG.usesModel, MODEL),
        # The same once more, written in another way: is it one?
        Fact(f"{AGENT}2", RDF.type, SG.Agent),
        Fact(f"{AGENT}2", SG.name, Literal(FORMULA.upper())),
    )
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("csv")))) as engine:
        scope = Scope(name="a", complete=True, stated=facts)
        engine.commit(Batch(source="s", run="1", method=Method.DECLARED, scopes=(scope,)))
        for source, licence in {"s": FORMULA, "t": "MIT"}.items():
            said = Scope(name="b", complete=True, stated=(Fact(MODEL, SG.license, Literal(licence)),))
            engine.commit(Batch(source=source, run="2", method=Method.DECLARED, scopes=(said,)))
        yield create_app(engine)


def tables(app: FastAPI) -> set[str]:
    """Every route that may answer with a table."""
    return {
        path
        for path, methods in app.openapi()["paths"].items()
        for method in methods.values()
        for answer in method.get("responses", {}).values()
        if any(media.startswith("text/csv") for media in answer.get("content", {}))
    }


def test_every_door_is_known(app: FastAPI) -> None:
    assert tables(app) == ASKED.keys() | STANDARD


@pytest.mark.anyio
@pytest.mark.parametrize("path", ASKED)
async def test_no_table_gives_a_spreadsheet_a_formula(app: FastAPI, path: str) -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get(path, params=ASKED[path])
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert any(FORMULA in cell for row in rows for cell in row), "the name is there, and told"
    assert not any(cell.startswith("=") for row in rows for cell in row)
