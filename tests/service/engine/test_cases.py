"""Modules whose axioms derived nothing once, with the rows that the fixtures' README tells of."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratagraph.ontology.facts import Batch, Literal, Method, Scope
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened

pytestmark = pytest.mark.shared


def test_o2_a_module_derives_what_the_rules_of_owl_2_rl_do(
    shared: Path, tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", "")  # the module is not judged by the reasoner, which is slow
    cases = shared / "cases" / "2026-11-29" / "ontology"
    stated = parse_rdf((cases / "o2-data.ttl").read_bytes(), "turtle", "https://example.org/", "o2-data.ttl")
    scope = Scope(name="all", complete=True, stated=tuple(stated))
    with Engine(load_settings(data=opened(tmp_path), ontology=cases / "o2")) as engine:
        engine.commit(Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,)))
        rows = engine.triples.select((cases / "o2-query.rq").read_text(encoding="utf-8"))
    assert {row["what"] for row in rows} == {Literal(what) for what in ("class", "union", "value", "property")}
