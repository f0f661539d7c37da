"""Data of which a part was lost on the way into Neo4j once, as the fixtures' README tells it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from stratagraph.ontology.facts import Batch, Method, Scope
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.service.neo4j.target import Neo4jTarget
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.neo4j.projecting import is_up_to_date, projecting, until
from tests.service.neo4j.reading import query

pytestmark = [pytest.mark.neo4j, pytest.mark.shared, pytest.mark.usefixtures("impatient")]


def test_n1_texts_whose_attributes_would_share_a_key_are_both_there(
    database: Neo4jTarget, shared: Path, tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")  # the module is not judged by the reasoner, which is slow
    case = shared / "cases" / "2026-11-27" / "neo4j"
    settings = load_settings(
        data=opened(tmp_path / "data"),
        ontology=case / "n1-module.ttl",
        neo4j_url=database.url,
        neo4j_password=SecretStr(database.password),
    )
    stated = parse_rdf((case / "n1-data.ttl").read_bytes(), "turtle", "https://example.org/", "n1-data.ttl")
    scope = Scope(name="all", complete=True, stated=tuple(stated))
    with projecting(settings) as engine:
        engine.commit(Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,)))
        until(partial(is_up_to_date, engine))
    [record] = query(database, "MATCH (n {name: 'n1-model'}) RETURN properties(n) AS p")
    assert record["p"]["summary_en"] == ["own attribute"]
    assert record["p"]["summary__in_en"] == ["tagged"]
