"""OTLP/gRPC beside the service over HTTP: on the same host, with the same tokens, to the same receiver."""

from __future__ import annotations

import logging
from collections.abc import Callable

from stratagraph.service.http.access import proven
from stratagraph.service.http.access_tokens import Role, TokenFile
from stratagraph.service.http.origin import is_loopback
from stratagraph.service.settings import Settings
from stratagraph.service.telemetry.grpc_server import GrpcServer
from stratagraph.service.telemetry.receiver import Receiver

log = logging.getLogger(__name__)


def grpc_server(settings: Settings, receiver: Receiver, tell: Callable[[str], None]) -> GrpcServer:
    """Return what receives telemetry over gRPC; ``tell`` is told where, and the log where that address is taken."""
    tokens = TokenFile(settings.tokens)
    always = not is_loopback(settings.host)

    async def admit(authorization: str) -> None:
        if always or tokens.exists():
            await proven(tokens, authorization, Role.INGEST, "OTLP/gRPC")

    def refused(address: str) -> None:
        log.warning(
            "OTLP/gRPC is not received: %s is taken. Choose another port with --otlp-grpc-port, or switch it off with "
            "STRATAGRAPH_OTLP_GRPC=0. OTLP/HTTP is received.",
            address,
        )

    return GrpcServer(
        receiver,
        host=settings.host,
        port=settings.otlp_grpc_port,
        admit=admit,
        listening=lambda address: tell(f"OTLP/gRPC is received at {address}"),
        refused=refused,
    )
