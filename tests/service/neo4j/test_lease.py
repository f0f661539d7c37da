"""Services that share a ledger and a Neo4j: one writes it, and another goes on where that one stopped."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from stratagraph.ontology.facts import ChangeSet
from stratagraph.service.engine.engine import Engine
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.neo4j.view import Neo4jView
from stratagraph.service.settings import load_settings
from tests.service.ledger.conftest import _postgresql  # noqa: F401  the fixture of a real server
from tests.service.ledger.postgresql import database as new_database
from tests.service.neo4j.projecting import commit, is_up_to_date, names, until

pytestmark = [pytest.mark.neo4j, pytest.mark.postgres, pytest.mark.usefixtures("impatient")]


@contextmanager
def service(folder: Path, url: str, target: Neo4jTarget) -> Iterator[Engine]:
    where = load_settings(data=folder, ledger_url=url, neo4j_url=target.url, neo4j_password=SecretStr(target.password))
    with Engine(where) as engine:
        engine.start()
        yield engine


def test_one_service_writes_and_the_next_goes_on(
    database: Neo4jTarget, postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rebuilt: list[object] = []
    real = Neo4jView.rebuild

    def rebuild(view: Neo4jView, told: Iterable[ChangeSet]) -> None:
        rebuilt.append(view)
        real(view, told)

    monkeypatch.setattr(Neo4jView, "rebuild", rebuild)
    url = new_database(postgresql, "lease")
    with service(tmp_path / "one", url, database) as one:
        until(lambda: is_up_to_date(one))
        (tmp_path / "other").mkdir()
        shutil.copy2(tmp_path / "one" / "ledger.sqlite.key", tmp_path / "other")
        with service(tmp_path / "other", url, database) as other:
            until(lambda: is_up_to_date(other))
            commit(other, 1)
            commit(one, 2)
            until(lambda: is_up_to_date(one) and names(database) == {"d1", "d2"})
            until(lambda: is_up_to_date(other))
            held = {engine: lease.held() for engine in (one, other) if (lease := engine.neo4j._lease)}
            assert held == {one: True, other: False}
            one.neo4j.close()
            commit(one, 3)
            until(lambda: is_up_to_date(other) and names(database) == {"d1", "d2", "d3"})
            assert other.neo4j._lease is not None
            assert other.neo4j._lease.held()
    assert len(rebuilt) == 1, "the next one took up what was there"
