"""Shapes as published profiles write them, with their slips: each runs, or is refused for a reason that names it.

Small inputs of our own with the constructs of the application profile of DCAT for Europe, and of Brick.
"""

from __future__ import annotations

import pytest

from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.errors import UnsupportedShape

EX = "http://example.org/"
PREFIXES = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <http://example.org/> . "
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "
    "@prefix owl: <http://www.w3.org/2002/07/owl#> . "
)

CATALOGUE = """
:Time a sh:NodeShape ; rdfs:label "Time" ; sh:message "a date, a time or a year" ;
  sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:dateTime ]
    [ sh:datatype xsd:gYear ] [ sh:datatype xsd:gYearMonth ] ) .
:Resource a sh:NodeShape ; sh:or ( [ sh:class :Catalogue ] [ sh:class :Dataset ] ) .
:DatasetShape a sh:NodeShape ; rdfs:label "Dataset"@en ; sh:targetClass :Dataset ;
  sh:property [ sh:minCount 1 ; sh:nodeKind sh:Literal ; sh:path :title ; sh:severity sh:Violation ] ,
    [ sh:maxCount 1 ; sh:path :issued ; sh:severity sh:Violation ; sh:shape :Time ] ,
    [ sh:maxCount 1 ; sh:node :Time ; sh:path :changed ; sh:severity sh:Violation ] ,
    [ ] ,
    [ sh:path :oldVersion ; sh:severity sh:Warning ; sh:message "replace :oldVersion"@en ] ,
    [ sh:datatype xsd:duration ; sh:maxCount 1 ; sh:path :resolution ] ,
    [ sh:nodeKind sh:BlankNodeOrIRI ; sh:path :relation ] .
:RecordShape a sh:NodeShape ; sh:targetClass :Record ;
  sh:property [ sh:node :Resource ; sh:path :topic ; sh:minCount 1 ] .
"""

BUILDING = """
:Location a owl:Class, sh:NodeShape ; rdfs:subClassOf :Space ;
  sh:node [ sh:not [ sh:class :Point ] ; sh:message "exclusive" ] ,
    [ sh:not [ sh:class :Equipment ] ; sh:message "exclusive" ] ;
  sh:property [ sh:path :hasPart ; sh:or ( [ sh:class :Location ] [ sh:class :Space ] ) ;
    sh:message "parts are places" ] .
:Decks a sh:NodeShape ; sh:targetClass :Handler ;
  sh:property [ sh:path :hasPart ; sh:qualifiedValueShape [ sh:class :Hot ] ; sh:qualifiedValueShapesDisjoint true ;
    sh:qualifiedMinCount 1 ; sh:qualifiedMaxCount 1 ] ,
  [ sh:path :hasPart ; sh:qualifiedValueShape [ sh:class :Cold ] ; sh:qualifiedValueShapesDisjoint true ;
    sh:qualifiedMinCount 1 ] .
:PointShape a sh:PropertyShape ; sh:targetClass :Point ; sh:path :isPointOf ;
  sh:or ( [ sh:class :Equipment ] [ sh:class :Location ] ) .
:Deprecation a sh:NodeShape ; sh:targetSubjectsOf :deprecation ;
  sh:property [ sh:path :rule ; sh:class sh:NodeShape ; sh:maxCount 1 ] .
"""


def faults(shapes: str, data: str) -> list[str]:
    graph = DataGraph(parse_rdf((PREFIXES + data).encode(), "turtle", EX, "data"))
    report = compile_shapes(PREFIXES + shapes).validate(graph)
    return sorted(f"{str(result.focus).removeprefix(EX)} {result.path}" for result in report.results)


@pytest.mark.parametrize(
    ("shapes", "data", "found"),
    [
        (CATALOGUE, ":d a :Dataset .", ["d <http://example.org/title>"]),
        (CATALOGUE, ":d a :Dataset ; :title 'D' ; :issued 'someday' .", []),
        (CATALOGUE, ":d a :Dataset ; :title 'D' ; :changed 'someday' .", ["d <http://example.org/changed>"]),
        (CATALOGUE, ":d a :Dataset ; :title 'D' ; :changed '2026-05'^^xsd:gYearMonth ; :oldVersion :c .", []),
        (CATALOGUE, ":d a :Dataset ; :title 'D' ; :resolution 'P1Y'^^xsd:yearMonthDuration .", ["d <http://example.org/resolution>"]),
        (CATALOGUE, ":r a :Record ; :topic :d . :d a :Dataset ; :title 'D' .", []),
        (CATALOGUE, ":r a :Record ; :topic :e .", ["r <http://example.org/topic>"]),
        (BUILDING, ":l a :Location, :Point ; :isPointOf :m . :m a :Location .", ["l None"]),
        (BUILDING, ":l a :Location ; :hasPart :p . :p a :Place .", ["l <http://example.org/hasPart>"]),
        (BUILDING, ":h a :Handler ; :hasPart :a, :b . :a a :Hot . :b a :Cold .", []),
        (BUILDING, ":h a :Handler ; :hasPart :a . :a a :Hot, :Cold .", ["h <http://example.org/hasPart>"] * 2),
        (BUILDING, ":p a :Point ; :isPointOf :q .", ["p <http://example.org/isPointOf>"]),
    ],
)  # fmt: skip
def test_profiles_run(shapes: str, data: str, found: list[str]) -> None:
    assert faults(shapes, data) == found


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        (":Infer a sh:NodeShape ; sh:targetClass :C ; sh:rule [ a sh:SPARQLRule ; sh:construct '' ] .", "sh:rule"),
        (":Old a sh:NodeShape ; sh:targetClass :C ; sh:sparql [ sh:select '' ; sh:prefixes : ] .", "sh:sparql"),
        (":T a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:select '' ] ; sh:nodeKind sh:IRI .", "sh:target"),
        (":C a sh:NodeShape ; sh:property [ sh:path :p ; sh:node :C ] .", "recursion"),
        (":C a sh:NodeShape ; sh:property [ sh:maxCount 1 ] .", "without a sh:path"),
        (":C a sh:NodeShape ; sh:property :elsewhere .", "elsewhere.*without a sh:path"),
    ],
)
def test_the_others_are_refused_for_a_reason(shapes: str, reason: str) -> None:
    with pytest.raises(UnsupportedShape, match=reason):
        compile_shapes(PREFIXES + shapes)
