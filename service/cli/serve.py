"""``stratagraph serve`` and ``stratagraph demo``."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from stratagraph.service.cli.options import Config, Data, GrpcPort, Host, Ontology, Port, Rules, errors_in_words
from stratagraph.service.cli.tongue import aloud, tell
from stratagraph.service.settings import DEMO_FOLDER, Settings, default_data_folder, load_settings

RESTORING = "stratagraph.service.engine.restoring"
"""The log of how the views came to stand at the ledger's end."""


def serve(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    otlp_grpc_port: GrpcPort = None,
    config: Config = None,
    ontology: Ontology = None,
    rules: Rules = None,
) -> None:
    """Serve the graph: pages, API, SPARQL and the telemetry receiver."""
    # The server loads every part of the service; other commands do without.
    from stratagraph.service.engine.engine import Engine
    from stratagraph.service.server import Server, reserve
    from stratagraph.service.stopping import ending_in_order

    with errors_in_words(), ending_in_order():
        _log_to_stderr()
        settings = load_settings(
            config, data=data, host=host, port=port, otlp_grpc_port=otlp_grpc_port, ontology=ontology, rules=rules
        )
        _try_rules(settings)
        with reserve(settings) as bound, Engine(settings, early=True) as engine:
            server = Server(engine, bound, tell=aloud())
            tell(f"Stratagraph listens at {server.url}")
            server.run()


def demo(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    otlp_grpc_port: GrpcPort = None,
    config: Config = None,
    ontology: Ontology = None,
    rules: Rules = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Empty the demo's data first.")] = False,
) -> None:
    """Load the example estate and sample telemetry, and serve them."""
    from stratagraph.service.demo import run_demo
    from stratagraph.service.stopping import ending_in_order

    with errors_in_words(), ending_in_order():
        _log_to_stderr()
        folder = data or default_data_folder() / DEMO_FOLDER
        settings = load_settings(
            config, data=folder, host=host, port=port, otlp_grpc_port=otlp_grpc_port, ontology=ontology, rules=rules
        )
        _try_rules(settings)
        run_demo(settings, fresh=fresh, say=aloud())


def _try_rules(settings: Settings) -> None:
    """Read one's own rules: a mistake in them is told now, not at the first audit."""
    from stratagraph.shapes.packs import rules_with

    if settings.rules:
        rules_with(settings.rules)


def _log_to_stderr() -> None:
    from stratagraph.service.log_lines import LineFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # Why a start takes long, or did not after a kill, is worth a line each.
    logging.getLogger(RESTORING).setLevel(logging.INFO)
