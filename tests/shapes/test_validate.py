from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from stratagraph.ontology.namespaces import RDF, SH
from stratagraph.ontology.syntax.parsing import MalformedRdf, UnknownSyntax, parse_rdf
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.pathreader import read_path
from stratagraph.shapes.validate import validate
from stratagraph.shapes.validation_report import ValidationReport

PREFIXES = "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <http://example.org/> . "
PATHS = [
    ":p",
    "[ sh:inversePath :p ]",
    "( :p :q )",
    "[ sh:alternativePath ( :p ( :q :r ) ) ]",
    "[ sh:zeroOrMorePath :p ]",
    "[ sh:oneOrMorePath [ sh:inversePath :p ] ]",
    "[ sh:zeroOrOnePath ( :p :q ) ]",
]


def report_of(tmp_path: Path, data: str, shapes: str) -> ValidationReport:
    (tmp_path / "data.ttl").write_text(PREFIXES + data, encoding="utf-8")
    (tmp_path / "shapes.ttl").write_text(PREFIXES + shapes, encoding="utf-8")
    return validate([tmp_path / "data.ttl"], [tmp_path / "shapes.ttl"])


def test_conforming_data_give_a_conforming_report(tmp_path: Path) -> None:
    report = report_of(tmp_path, ":x :p 1 .", ":S sh:targetSubjectsOf :p ; sh:nodeKind sh:IRI .")
    assert report.conforms
    assert json.loads(report.to_json()) == {"conforms": True, "results": []}
    assert "sh:conforms true" in report.to_turtle()


def test_what_had_no_effect_stands_in_the_json_report(tmp_path: Path) -> None:
    report = report_of(tmp_path, ":x :p 1 .", ":S sh:targetClass :Nowhere ; sh:nodeKind sh:IRI ; sh:minCounts 1 .")
    document = json.loads(report.to_json())
    assert document["conforms"]
    assert [warning["kind"] for warning in document["warnings"]] == ["unknown-term", "no-focus-node"]
    assert all(warning["shape"] == "http://example.org/S" for warning in document["warnings"])


@pytest.mark.parametrize("path", PATHS)
def test_turtle_report_reads_back_as_the_results(tmp_path: Path, path: str) -> None:
    shapes = f':S sh:targetNode :x ; sh:path {path} ; sh:minCount 9 ; sh:message "few"@en, "poucos"@pt-BR .'
    report = report_of(tmp_path, "", shapes)
    graph = DataGraph(parse_rdf(report.to_turtle().encode(), "turtle", "http://example.org/", "report"))
    (node,) = graph.instances(SH.ValidationResult)
    (result,) = report.results
    (written,) = graph.objects(node, SH.resultPath)
    assert read_path(graph, written, "report") == result.path
    assert set(graph.objects(node, SH.resultMessage)) == set(result.messages)
    assert list(graph.objects(node, SH.focusNode)) == [result.focus]


def test_values_keep_their_lexical_form_in_both_reports(tmp_path: Path) -> None:
    report = report_of(tmp_path, ":x :p 005 .", ":S sh:targetSubjectsOf :p ; sh:path :p ; sh:nodeKind sh:IRI .")
    assert '"005"' in json.loads(report.to_json())["results"][0]["value"]
    values = [
        quad.object
        for quad in ox.parse(report.to_turtle(), format=ox.RdfFormat.TURTLE)
        if quad.predicate.value == SH.value
    ]
    assert [value.value for value in values if isinstance(value, ox.Literal)] == ["005"]


def test_blank_nodes_of_two_files_stay_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.ttl").write_text(PREFIXES + ":x :p [ :q 1 ] .")
    (tmp_path / "shapes.ttl").write_text(PREFIXES + ":S sh:targetNode :x ; sh:path :p ; sh:maxCount 1 .")
    assert not validate([tmp_path / "one.ttl", tmp_path / "two.ttl"], [tmp_path / "shapes.ttl"]).conforms


def test_other_syntaxes_are_read_by_extension(tmp_path: Path) -> None:
    (tmp_path / "data.nt").write_text(f"<http://example.org/x> <{RDF.type}> <http://example.org/C> .")
    (tmp_path / "shapes.ttl").write_text(PREFIXES + ":S sh:targetClass :C ; sh:nodeKind sh:Literal .")
    assert not validate([tmp_path / "data.nt"], [tmp_path / "shapes.ttl"]).conforms


def test_unparsable_file_is_named_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(MalformedRdf, match=r"data\.ttl:1:\d+: "):
        report_of(tmp_path, ":x :p", "")


def test_unknown_extension_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("")
    with pytest.raises(UnknownSyntax):
        validate([tmp_path / "data.txt"], [])
