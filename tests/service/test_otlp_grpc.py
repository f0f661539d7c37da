"""OTLP/gRPC of the whole service: its tokens, its receiver, its port."""

from __future__ import annotations

import queue
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.access_tokens import Role, TokenFile
from stratagraph.service.otlp_grpc import grpc_server
from stratagraph.service.server import GrpcPortTaken, reserve
from stratagraph.service.settings import Settings
from tests.opened import Opened, served
from tests.service.http.test_otlp import Store, receiver
from tests.service.telemetry.test_grpc_server import export, refused


@pytest.fixture(name="taken")
def _taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_the_tokens_of_the_service_hold_over_grpc(tmp_path: Path, opened: Opened) -> None:
    settings = Settings(data=opened(tmp_path / "data"), port=0, otlp_grpc_port=0)
    tokens = TokenFile(settings.tokens)
    reader, sender = tokens.add("viewer", Role.READ), tokens.add("collector", Role.INGEST)
    told: queue.Queue[str] = queue.Queue()

    def call(channel: grpc.Channel, token: str) -> Any:
        return export(channel, metadata=(("authorization", f"Bearer {token}"),))

    with Engine(settings) as engine, served(engine, tell=told.put):
        address = told.get(timeout=30).rpartition(" ")[2]
        with grpc.insecure_channel(address) as channel:
            codes = [
                refused(lambda: export(channel))[0],
                refused(lambda: call(channel, "sgt_wrong"))[0],
                refused(lambda: call(channel, reader))[0],
            ]
            assert call(channel, sender).ByteSize() == 0
        assert engine.tally.arrived.accepted == 1
    assert codes == [
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
    ]


def test_a_port_that_was_asked_for_and_is_taken_is_refused_before_anything_is_made(tmp_path: Path, taken: int) -> None:
    folder = tmp_path / "data"
    with pytest.raises(GrpcPortTaken, match="--otlp-grpc-port"):
        reserve(Settings(data=folder, port=0, otlp_grpc_port=taken))
    assert not folder.exists()
    reserve(Settings(data=folder, port=0, otlp_grpc_port=taken, otlp_grpc=False)).close()


def test_where_nobody_asked_for_the_port_the_log_says_that_it_is_taken(
    taken: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    server = grpc_server(Settings(data=tmp_path, otlp_grpc_port=taken), receiver(Store()), told.append)
    server.start()
    server.join()
    (record,) = caplog.records
    assert f"127.0.0.1:{taken} is taken" in record.getMessage()
    assert told == []
