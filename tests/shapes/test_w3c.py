"""The W3C test suite of SHACL Core: expected and actual reports, compared result by result."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.facts import Iri, Literal, Term
from stratagraph.ontology.namespaces import RDF, SH, Namespace
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.pathreader import read_path

SUITE = Path(__file__).parents[2].parent / "shared" / "w3c" / "shacl-tests" / "core"
MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")

ResultKey = tuple[str, str, str, str, str, str, tuple[str, ...]]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SUITE.is_dir(), reason="the W3C suite is not beside this checkout, at ../shared/w3c"),
]


def load(file: Path) -> DataGraph:
    return DataGraph(parse_rdf(file.read_bytes(), "turtle", file.as_uri(), file.name, salt=file.name))


def file_of(iri: Term) -> Path:
    return Path(str(iri).removeprefix("file://"))


def entries(manifest: Path) -> list[tuple[Path, Iri]]:
    graph = load(manifest)
    found = [(manifest, str(entry)) for head in graph.objects_of(MF.entries) for entry in graph.members(head) or ()]
    for included in graph.objects_of(MF.include):
        found += entries(file_of(included))
    return found


CASES = entries(SUITE / "manifest.ttl") if SUITE.is_dir() else []


def key(term: Term | None) -> str:
    """Blank nodes are compared as equal; the suite has no two results that differ only in them."""
    if term is None:
        return ""
    if isinstance(term, Literal):
        return f'"{term.value}"^^{term.datatype}@{term.language}'
    return "_:" if is_blank(term) else term


def expected(graph: DataGraph, report: Term) -> Counter[ResultKey]:
    def one(result: Term, predicate: Iri) -> Term | None:
        return next(iter(graph.objects(result, predicate)), None)

    found: Counter[ResultKey] = Counter()
    for result in graph.objects(report, SH.result):
        path = one(result, SH.resultPath)
        found[
            key(one(result, SH.focusNode)),
            "" if path is None else str(read_path(graph, path, "expected")),
            key(one(result, SH.value)),
            key(one(result, SH.sourceConstraintComponent)),
            key(one(result, SH.resultSeverity)),
            key(one(result, SH.sourceShape)),
            tuple(sorted(map(key, graph.objects(result, SH.resultMessage)))),
        ] += 1
    return found


@pytest.mark.parametrize(("file", "entry"), CASES, ids=[Path(entry).name for _, entry in CASES])
def test_report_is_the_expected_one(file: Path, entry: Iri) -> None:
    manifest = load(file)
    (action,) = manifest.objects(entry, MF.action)
    (wanted,) = manifest.objects(entry, MF.result)
    (data,) = manifest.objects(action, SHT.dataGraph)
    (shapes,) = manifest.objects(action, SHT.shapesGraph)
    report = compile_shapes(load(file_of(shapes))).validate(load(file_of(data)))
    with_messages = any(messages for *_, messages in expected(manifest, wanted))
    found = Counter(
        (
            key(result.focus),
            "" if result.path is None else str(result.path),
            key(result.value),
            result.component,
            result.severity,
            key(result.shape),
            tuple(sorted(map(key, result.messages))) if with_messages else (),
        )
        for result in report.results
    )
    assert found == expected(manifest, wanted)
    assert Literal(str(report.conforms).lower(), "http://www.w3.org/2001/XMLSchema#boolean") in manifest.objects(
        wanted, SH.conforms
    )
    assert manifest.objects(entry, RDF.type) == {SHT.Validate: None}


def test_whole_suite_is_read() -> None:
    assert len(CASES) == 98
