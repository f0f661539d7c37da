"""The demo: the example estates, and telemetry replayed into the running service as an exporter would send it."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import httpx

from stratagraph.loaders import files as file_source
from stratagraph.loaders.folders import read_paths
from stratagraph.loaders.samples import load_samples
from stratagraph.loaders.scopes import plan
from stratagraph.service.client import bearer
from stratagraph.service.engine.engine import Engine
from stratagraph.service.engine.lockfile import DataLock
from stratagraph.service.server import Server, reserve
from stratagraph.service.settings import ERASED_FILE, LEDGER_FILES, SPOOL_FOLDER, STATE_FILES, TRIPLES_FOLDERS, Settings

log = logging.getLogger(__name__)

SOURCE: Final = "stratagraph:example"
STARTUP_SECONDS: Final = 30.0

Say = Callable[[str], None]


def run_demo(settings: Settings, *, fresh: bool, say: Say) -> None:
    """Serve the demo until it is interrupted; the data of an earlier run are used again unless ``fresh``."""
    with reserve(settings) as bound:
        if fresh:
            empty(settings.data)
        with Engine(settings) as engine:
            load_estates(engine)
            server = Server(engine, bound, tell=say)
            say(f"Stratagraph demo at {server.url}  (data in {settings.data})")
            replaying = threading.Thread(target=_replay_when_started, args=(engine, server, say), daemon=True)
            replaying.start()
            server.run()
            replaying.join(timeout=STARTUP_SECONDS)


def empty(folder: Path) -> None:
    """Remove the ledger and the views of a data folder that nobody uses, and nothing else.

    Raises:
        DataInUse: a process holds the folder.
    """
    with DataLock(folder):
        for pattern in (LEDGER_FILES, *STATE_FILES, ERASED_FILE):
            for file in folder.glob(pattern):
                file.unlink()
        for pattern in (*TRIPLES_FOLDERS, SPOOL_FOLDER):
            for emptied in folder.glob(pattern):
                shutil.rmtree(emptied, ignore_errors=True)


def load_estates(engine: Engine) -> None:
    """Commit the example estates; the same estates again change nothing."""
    with as_file(files("stratagraph.ontology") / "estates") as folder:
        estates = plan(read_paths([folder]), {}).files
    loaded = file_source.transform(
        estates, model=engine.model, base=engine.settings.base, source=SOURCE, run=file_source.digest(estates)
    )
    engine.commit(loaded.batch)


def _replay_when_started(engine: Engine, server: Server, say: Say) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    if not server.started:
        return
    sent = replay(engine, server)
    if sent:
        say(f"Replayed {sent} telemetry requests through {server.url}/v1/traces")
    say("Try:  stratagraph impact LGPD_BR        (in another terminal)\nStop: Ctrl-C")


def replay(engine: Engine, server: Server) -> int:
    """Send the sample telemetry, its times shifted to end now; return the number of requests, once they are committed.

    Telemetry of an earlier run that is less than an hour old is left to speak for itself.
    """
    now = datetime.now(UTC)
    newest = engine.newest_telemetry()
    if newest and (now - newest).total_seconds() < FRESH_SECONDS:
        return 0
    sent = 0
    token = engine.settings.token
    headers = bearer(token.get_secret_value() if token else None)
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=60) as exporter:
        for body in load_samples(now):
            answer = exporter.post("/v1/traces", content=body, headers={"Content-Type": "application/x-protobuf"})
            if answer.is_error:
                log.warning("the receiver refused a sample with status %d", answer.status_code)
            sent += answer.is_success
    server.reception.flush()
    return sent


FRESH_SECONDS: Final = 3600.0
