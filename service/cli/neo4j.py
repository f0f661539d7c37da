"""``stratagraph neo4j``: a local Neo4j, and the property graph in whichever Neo4j there is."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from stratagraph.service.cli.options import Config, Data, Ontology, errors_in_words, fail
from stratagraph.service.cli.tongue import tell
from stratagraph.service.engine.lockfile import running_service
from stratagraph.service.settings import DEMO_FOLDER, Settings, default_data_folder, load_settings

if TYPE_CHECKING:
    from stratagraph.service.engine.engine import Engine
    from stratagraph.service.views.projector import Status

app = typer.Typer(help="Run a local Neo4j, and keep the property graph in it.", no_args_is_help=True)

PATIENCE = 600.0
"""Seconds that a command waits for the view."""
TROUBLE = 10.0
"""Seconds that it waits for a view that can't be written."""


class Line(StrEnum):
    """Versions of Neo4j that can be started."""

    LTS = "5.26"
    NEWEST = "newest"


Demo = Annotated[bool, typer.Option("--demo", help="Use the demo's data folder.")]


@app.command("up")
def up(
    version: Annotated[
        Line | None, typer.Option("--version", help="The long-term line, or the newest; default: as last time.")
    ] = None,
    heap: Annotated[str, typer.Option("--heap", help="Largest heap of the server.")] = "1g",
    apoc: Annotated[
        bool, typer.Option("--apoc", help="With the procedures of APOC, which most tools introspect with.")
    ] = False,
    demo: Demo = False,
    data: Data = None,
    config: Config = None,
) -> None:
    """Start a local Neo4j beside the data; the first time it is fetched with Maven. A running service finds it."""
    from stratagraph.service.neo4j.local_server import LocalNeo4j

    with errors_in_words():
        settings = _settings(data, config, demo=demo)
        local = LocalNeo4j(settings.data)
        if local.running() is None:
            tell("Starting Neo4j; the first time it is fetched, about 130 MB...")
        record = local.up(version.value if version else "", heap, apoc=apoc)
        tell(f"Neo4j {record.version} at {record.url}, user neo4j, password in {local.password_file}")


@app.command("down")
def down(demo: Demo = False, data: Data = None, config: Config = None) -> None:
    """Stop the local Neo4j; its data stay."""
    from stratagraph.service.neo4j.local_server import LocalNeo4j

    with errors_in_words():
        settings = _settings(data, config, demo=demo)
        local = LocalNeo4j(settings.data)
        if not local.home.is_dir():
            settings.need_ledger()
        ran = local.down()
        tell("Neo4j is stopped." if ran else "No local Neo4j runs.")


@app.command("status")
def status(demo: Demo = False, data: Data = None, config: Config = None) -> None:
    """Say where Neo4j is, whether it answers, and how far the property graph has come. Exit status 2: it does not."""
    from stratagraph.service.neo4j.view.status import look

    with errors_in_words():
        settings = _settings(data, config, demo=demo)
        settings.need_ledger()
        seen = look(settings)
        tell(f"Neo4j {seen.version} at {seen.url}, database {seen.database}")
        tell(f"graph at sequence {seen.sequence}" if seen.sequence else "no graph of ours yet")
        tell(f"nodes of ours: {seen.ours}, of others: {seen.others}")
        if seen.remark:
            tell(seen.remark)


@app.command("sync")
def sync(
    repair: Annotated[bool, typer.Option("--repair", help="Rebuild it if somebody else changed it.")] = False,
    demo: Demo = False,
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Bring the property graph up with the ledger, rebuilding it where needed, and wait for that."""
    from stratagraph.service.neo4j.view.status import look

    with errors_in_words():
        settings = _settings(data, config, demo=demo, ontology=ontology)
        settings.need_ledger()
        seen = look(settings)
        if seen.remark:
            tell(seen.remark)
        _follow(settings, fresh=repair and seen.mendable, compared=repair)


@app.command("rebuild")
def rebuild(demo: Demo = False, data: Data = None, config: Config = None, ontology: Ontology = None) -> None:
    """Empty the property graph, of our nodes only, and build it anew."""
    with errors_in_words():
        _follow(_settings(data, config, demo=demo, ontology=ontology), fresh=True)


def _settings(data: Data, config: Config, *, demo: bool, ontology: Ontology = None) -> Settings:
    folder = default_data_folder() / DEMO_FOLDER if demo and data is None else data
    return load_settings(config, data=folder, ontology=ontology)


def _follow(settings: Settings, *, fresh: bool, compared: bool = False) -> None:
    """Let the running service do it where one runs; else open the data for as long as it takes."""
    from stratagraph.service.engine.engine import Engine
    from stratagraph.service.neo4j.view.status import forget, look

    settings.need_ledger()
    look(settings)  # says at once what is wrong with the server, if anything is
    if fresh:
        # The process that keeps the view finds no watermark then, and builds it anew.
        forget(settings)
    if running_service(settings.data) is not None:
        tell("The running service rebuilds the graph; see 'stratagraph neo4j status'." if fresh else _RUNS)
        return
    with Engine(settings) as engine:
        engine.start_projecting()
        seen = _until(engine, lambda: True)
        if compared and not fresh:
            engine.neo4j.hurry()
            seen = _until(engine, lambda: not engine.neo4j.hurries)
            if (now := look(settings)).mendable:
                tell(now.remark)
                forget(settings)
                seen = _until(engine, lambda: look(settings).sequence > 0)
        tell(f"The property graph is at sequence {seen.sequence}.")


def _until(engine: Engine, holds: Callable[[], bool]) -> Status:
    """Wait until the view is up and something holds of it; return how it is then."""
    from stratagraph.service.views.projector import State

    begun = well = time.monotonic()
    while (seen := engine.neo4j.status()).state is not State.CURRENT or not holds():
        now = time.monotonic()
        well = well if seen.state is State.DOWN else now
        if now - begun > PATIENCE or now - well > TROUBLE:
            fail(f"The property graph is at sequence {seen.sequence} and {seen.lag} behind. {seen.problem}")
        time.sleep(0.1)
    return engine.neo4j.status()


_RUNS = "A service runs on this data and keeps the graph up by itself; see 'stratagraph neo4j status'."
