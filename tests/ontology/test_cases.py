"""Extension modules that were judged wrongly once, with what the fixtures' README says is right for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from stratagraph.ontology.extension.extension import load_extended
from stratagraph.ontology.facts import Batch, Fact, Iri, Method, Scope
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.gate import Gate

MY = "https://example.org/my#"

pytestmark = pytest.mark.shared


@pytest.fixture(name="cases")
def _cases(shared: Path) -> Path:
    return shared / "cases" / "2026-11-29" / "ontology"


@pytest.mark.parametrize(
    ("case", "told", "adds"),
    [
        ("o1", [], {"Night"}),
        ("o2", [("not-concluded", f"{MY}AgentOrTool")], {"First", "Second", "AgentOrTool", "Polite"}),
        ("o3", [], {"Robot"}),
        ("o5", [("import-not-read", "https://example.org/not-here")], {"Clerk"}),
        ("o6", [("undeclared", "https://example.org/other#Persn")] * 2, {"Guard"}),
        ("o7", [], {"Seen", "Unseen"}),
        ("o8", [("deprecated-replaced", f"{MY}OldBot"), ("two-labels", f"{MY}Night")], {"OldBot", "Bot", "Night"}),
    ],
)
def test_a_module_is_accepted_and_what_is_odd_about_it_is_told(
    cases: Path, case: str, told: list[tuple[str, str]], adds: set[str]
) -> None:
    judged = load_extended(cases / case, reason=False)
    assert all(module.accepted for module in judged.report.modules)
    assert judged.report.unread == ()
    found = sorted((item for module in judged.report.modules for item in module.findings), key=lambda item: item.rule)
    assert [item.rule for item in found] == [rule for rule, _ in told]
    assert [term for item, (_, term) in zip(found, told, strict=True) if term not in item.sentence()] == []
    assert {iri.removeprefix(MY) for iri in judged.model.classes if iri.startswith(MY)} == adds


def test_o3_a_class_of_rdfs_can_be_used(cases: Path) -> None:
    model = load_extended(cases / "o3", reason=False).model
    assert f"{MY}guards" in model.relations
    stated = parse_rdf((cases / "o3-data.ttl").read_bytes(), "turtle", "https://example.org/", "o3-data.ttl")
    assert any(fact.predicate == RDF.type and fact.object == f"{MY}Robot" for fact in stated)
    scope = Scope(name="all", complete=True, stated=tuple(stated))
    batch = Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,), observations=())

    def nothing_before(_: Iterable[Iri]) -> list[Fact]:
        return []

    assert Gate(model).check(batch, nothing_before).violations == ()


@pytest.mark.java
def test_o4_what_only_the_reasoner_sees_is_refused_though_nothing_explains_it(cases: Path, tmp_path: Path) -> None:
    shutil.copytree(cases / "o4", tmp_path / "o4")
    judged = load_extended(tmp_path / "o4", reason=True)
    [module] = judged.report.modules
    assert judged.report.dl_checked
    assert not module.accepted
    assert f"{MY}near" not in judged.model.relations


def test_o7_a_module_in_rdf_xml_alone_is_a_module(cases: Path, tmp_path: Path) -> None:
    shutil.copy(cases / "o7" / "not-read.owl", tmp_path)
    judged = load_extended(tmp_path, reason=False)
    assert [module.accepted for module in judged.report.modules] == [True]
    assert f"{MY}Unseen" in judged.model.classes
