"""A disk that is full: every route that writes says so by name, senders are told to come again, readers go on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.exchange import exchange
from stratagraph.service.http.app import create_app
from stratagraph.service.ledger.storage import StorageUnavailable
from stratagraph.service.settings import Settings
from tests.loaders.spans import chat, request, span
from tests.opened import Opened
from tests.service.ledger.test_storage import Breaking, full, protected

ASSET = "https://w3id.org/stratagraph/asset/Agent/a0"
TURTLE = "@prefix sg: <https://w3id.org/stratagraph/ns#> .\n" + "\n".join(
    f'<https://w3id.org/stratagraph/asset/Agent/a{number}> a sg:Agent ; sg:name "{"x" * 300}{number}" .'
    for number in range(60)
)
SPANS = request([span(number, chat(model="m" * 80 + str(number))) for number in range(1, 40)]).SerializeToString()
TRACES: tuple[str, str, bytes, str] = ("POST", "/v1/traces", SPANS, "application/x-protobuf")
REDACTION = json.dumps({"subject": ASSET, "reason": "request 7"})
Sent = tuple[str, str, bytes, str]
BATCH: Sent = ("POST", "/api/batches", TURTLE.encode(), "text/turtle")
WRITERS: dict[str, Sent] = {
    "batch": ("POST", "/api/batches?source=b", TURTLE.encode(), "text/turtle"),
    "withdrawal": ("DELETE", "/api/sources?source=upload", b"", ""),
    "redaction": ("POST", "/api/ledger/redactions", REDACTION.encode(), "application/json"),
}


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(Settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


@pytest.mark.parametrize("broken", [full, protected])
def test_who_writes_to_a_full_disk_is_told_so_and_comes_again(
    engine: Engine, broken: Breaking, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(engine, guarded=False, lasting=False)
    slug = "storage-full" if broken is full else "storage-read-only"

    async def scene() -> None:
        async with app.router.lifespan_context(app):

            async def send(sent: Sent, language: str = "en") -> tuple[int, dict[str, str], bytearray]:
                method, path, body, kind = sent
                headers = {"content-type": kind, "accept-language": language} if kind else {}
                answer = await exchange(app, method, path, body, headers)
                return answer.status, dict(answer.headers), answer.content

            assert (await send(BATCH))[0] == 201
            with broken(engine.ledger), caplog.at_level(logging.WARNING):
                # What is closed may fit into a file that is full.
                for name, sent in list(WRITERS.items())[: 1 if broken is full else None]:
                    status, headers, content = await send(sent)
                    assert status == 503, (name, content)
                    assert int(headers["retry-after"]) > 0, name
                    assert slug.encode() in content, name
                # Telemetry waits in its spool, which is another file, until it can be committed.
                assert (await send(TRACES))[0] == 200
                with pytest.raises(StorageUnavailable) as waits:
                    app.state.reception.flush()
                assert waits.value.slug == slug
                assert app.state.reception.backlog.requests == 1
                assert "execução" in (await send(BATCH[:1] + WRITERS["batch"][1:], "pt-BR"))[2].decode()
                assert (await send(("GET", "/api/assets?kind=sg:Agent", b"", "")))[0] == 200
            assert not [record for record in caplog.records if record.exc_info or "Traceback" in record.getMessage()]
            app.state.reception.flush()
            assert (app.state.reception.backlog.requests, app.state.reception.backlog.incomplete) == (0, 0)
            assert b"mmmm1" in (await send(("GET", "/api/assets?kind=sg:BaseModel", b"", "")))[2]
            for name, sent in WRITERS.items():
                assert (await send(sent))[0] in {200, 201}, name

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert engine.ledger.verify().ok
