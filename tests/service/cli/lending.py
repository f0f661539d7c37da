"""Commands that find one engine which stays open: what comes after the first command does not wait for opening."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.model import CORE_SOURCE
from stratagraph.service.client import Client, local
from stratagraph.service.engine.engine import Engine
from stratagraph.service.http.app import create_app
from stratagraph.service.http.batches import Writer
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.cli.invoking import Done, run
from tests.service.running import clean_environment

Load: TypeAlias = Callable[..., Done]
COMMANDS = ("audit", "impact", "load", "reaching", "withdraw")


@pytest.fixture(name="engine", scope="module")
def _engine(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Engine]:
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("data")))) as engine:
        yield engine


@pytest.fixture(name="environment")
def _environment(tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """A user's environment, whose commands find one engine that stays open; each test begins with nothing loaded."""
    client = local(create_app(engine, guarded=False, lasting=False), Writer(engine))

    @contextmanager
    def lent(*_: object, **__: object) -> Iterator[Client]:
        yield client

    for command in COMMANDS:
        monkeypatch.setattr(f"stratagraph.service.cli.{command}.connect", lent)
    for record in engine.ledger.sources():
        if record.source != CORE_SOURCE and any(scope.open_claims for scope in record.scopes):
            client.withdraw(record.source, ())
    assert names(engine, "BaseModel") == set()
    return clean_environment(tmp_path / "home")


@pytest.fixture(name="load")
def _load(environment: Mapping[str, str]) -> Load:
    def load(*arguments: str | Path, stdin: str | None = None) -> Done:
        return run("load", *map(str, arguments), environment=environment, stdin=stdin)

    return load


def names(engine: Engine, cls: str) -> set[str]:
    """Return the names of all assets of a class of the core."""
    rows = engine.triples.select(f"SELECT ?name WHERE {{ ?asset a sg:{cls} ; sg:name ?name }}")
    return {row["name"].value for row in rows if isinstance(row["name"], Literal)}
