from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import SH
from stratagraph.ontology.sentences import say
from stratagraph.ontology.syntax.parsing import parse_rdf
from stratagraph.shapes.compiler import CHAIN_LIMIT, compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.errors import MalformedShape, UnsupportedShape

EX = "http://example.org/"
PREFIXES = (
    "@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <http://example.org/> . "
    "@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "
    "@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix dash: <http://datashapes.org/dash#> . "
)


def faults(shapes: str, data: str) -> list[str]:
    graph = DataGraph(parse_rdf((PREFIXES + data).encode(), "turtle", EX, "data"))
    return [str(result.focus).removeprefix(EX) for result in compile_shapes(PREFIXES + shapes).validate(graph).results]


@pytest.mark.parametrize(
    ("shapes", "construct"),
    [
        (':S a sh:NodeShape ; sh:sparql [ sh:select "x" ] .', "sh:sparql"),
        (':S sh:sparql [ sh:select "x" ] .', "sh:sparql"),
        (':S sh:sparql [ sh:select "x" ], [ sh:select "y" ; sh:deactivated true ] .', "sh:sparql"),
        (":S sh:targetClass :C ; sh:js [] .", "sh:js"),
        (":S sh:rule [] .", "sh:rule"),
        (":S sh:target [] .", "sh:target"),
        (":S a sh:NodeShape ; sh:targetWhere [] .", "sh:targetWhere"),
        (":S a sh:NodeShape ; sh:property [ sh:path :p ; sh:values [] ] .", "sh:values"),
        (":S a sh:NodeShape ; sh:property [ sh:path :p ; sh:minListLength 1 ] .", "example.org/S.*sh:minListLength"),
        (":S a sh:NodeShape ; sh:singleLine true .", "sh:singleLine"),
        (":S a sh:NodeShape ; sh:not [ sh:reifierShape :T ] .", "sh:reifierShape"),
        (":C a sh:ConstraintComponent ; sh:parameter [ sh:path :p ] .", "sh:parameter"),
        ("<> sh:entailment :regime .", "sh:entailment"),
        (":S sh:node :T . :T sh:node :S .", "recursion"),
        (":S sh:property [ sh:path :p ; sh:node :S ] .", "recursion"),
        (" ".join(f":S{n} sh:not :S{n + 1} ." for n in range(CHAIN_LIMIT + 1)), "chain"),
    ],
)
def test_what_is_beyond_core_is_refused_by_name(shapes: str, construct: str) -> None:
    with pytest.raises(UnsupportedShape, match=construct) as caught:
        compile_shapes(PREFIXES + shapes)
    assert not isinstance(caught.value, MalformedShape)


@pytest.mark.parametrize(
    "shapes",
    [
        ":S a sh:PropertyShape .",
        ":S sh:path :p ; sh:path :q ; sh:minCount 1 .",
        ':S sh:path "p" ; sh:minCount 1 .',
        ":S sh:path [] ; sh:minCount 1 .",
        ":S sh:path ( :p ) ; sh:minCount 1 .",
        ":S sh:path _:p ; sh:minCount 1 . _:p sh:inversePath _:p .",
        ":S sh:path :p ; sh:minCount 1.0 .",
        ":S sh:path :p ; sh:minCount 1, 2 .",
        ":S sh:minCount 1 .",
        ':S sh:path :p ; sh:datatype "text" .',
        ":S sh:nodeKind :Kind .",
        ":S sh:in :list .",
        ":S sh:in [ <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> 1 ] .",
        ":S sh:or ( 1 ) .",
        ':S sh:pattern "(" .',
        ':S sh:pattern "a" ; sh:flags "y" .',
        ':S sh:pattern "\\\\p{Xx}" .',
        ":S sh:minInclusive :x .",
        ":S sh:closed 1 .",
        ":S sh:path :p ; sh:uniqueLang 1 .",
        ":S sh:path :p ; sh:qualifiedValueShape [ sh:class :C ] .",
        ":S a sh:NodeShape ; sh:severity 1 .",
        ":S a sh:NodeShape ; sh:message 1 .",
        ':S sh:targetClass "C" .',
        ":S sh:node :T . :T sh:path :p .",
        ":S sh:property :T . :T sh:class :C .",
    ],
)
def test_malformed_shapes_are_refused(shapes: str) -> None:
    with pytest.raises(MalformedShape) as caught:
        compile_shapes(PREFIXES + shapes)
    assert say(caught.value.construct, "pt-BR") != caught.value.construct, "its Portuguese is missing"


def test_sub_classes_stated_in_the_data_count() -> None:
    data = ":D rdfs:subClassOf :C . :x a :D ."
    assert faults(":S sh:targetClass :C ; sh:nodeKind sh:Literal .", data) == ["x"]


def test_circular_sub_classes_end() -> None:
    data = ":D rdfs:subClassOf :C . :C rdfs:subClassOf :D . :x a :D ."
    assert faults(":S sh:targetClass :C ; sh:class :D .", data) == []


def test_superclasses_from_outside_count() -> None:
    graph = DataGraph(
        parse_rdf((PREFIXES + ":x a :D .").encode(), "turtle", EX, "data"),
        superclasses={EX + "D": frozenset({EX + "C", EX + "D"})},
    )
    assert len(compile_shapes(PREFIXES + ":S sh:targetClass :C ; sh:closed true .").validate(graph).results) == 1


IMPLICIT = [
    ":C a rdfs:Class, sh:NodeShape",
    ":C a owl:Class, sh:NodeShape",
    ":C a owl:DeprecatedClass, sh:NodeShape",
    ":C a owl:Restriction, sh:NodeShape",
    ":C a sh:ShapeClass",
    ":Kind rdfs:subClassOf owl:Class . :C a :Kind, sh:NodeShape",
    ":Kind rdfs:subClassOf :Higher . :Higher rdfs:subClassOf rdfs:Class . :C a :Kind, sh:NodeShape",
    ":ClassShape rdfs:subClassOf rdfs:Class, sh:NodeShape . :C a :ClassShape",
    ":C a owl:Class",
    ":C a owl:Class, sh:PropertyShape ; sh:path :p",
]


@pytest.mark.parametrize("shape", IMPLICIT)
@pytest.mark.parametrize("data", [":x a :C ; :p :y .", ":D rdfs:subClassOf :C . :x a :D ; :p :y ."])
def test_class_of_any_kind_that_is_a_shape_targets_its_instances(shape: str, data: str) -> None:
    assert faults(f"{shape} ; sh:nodeKind sh:Literal .", data) == ["x"]


@pytest.mark.parametrize(
    ("shapes", "data"),
    [
        # what is a class only in the data is none of the shapes graph's
        (":C a sh:NodeShape ; sh:nodeKind sh:Literal .", ":C a owl:Class . :x a :C ."),
        # sub-classes count where the data state them
        (":C a owl:Class, sh:NodeShape ; sh:nodeKind sh:Literal . :D rdfs:subClassOf :C .", ":x a :D ."),
        ("[] a owl:Class, sh:NodeShape ; sh:nodeKind sh:Literal .", ":x a :C ."),
        (":C a owl:ObjectProperty, sh:NodeShape ; sh:nodeKind sh:Literal .", ":x a :C ."),
    ],
)
def test_no_other_shape_has_a_target_of_itself(shapes: str, data: str) -> None:
    assert faults(shapes, data) == []


NOTICES = [
    (":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:shape :S ] . :S sh:minLength 1 .", ["unknown-term"]),
    (":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCounts 1 ] .", ["unknown-term"]),
    (":D sh:targetClass :C ; sh:someNewConstraint 1, 2 ; sh:another :x .", ["unknown-term", "unknown-term"]),
    (":D sh:targetClass :C ; sh:property [ ], [ sh:path :p ; sh:maxCount 9 ] .", ["empty-property-shape"]),
    (":D sh:targetClass :Nowhere ; sh:nodeKind sh:IRI .", ["no-focus-node"]),
    (":D sh:targetSubjectsOf :nowhere ; sh:targetObjectsOf :nor ; sh:nodeKind sh:IRI .", ["no-focus-node"]),
    (":D a owl:Class, sh:NodeShape ; sh:nodeKind sh:IRI .", ["no-focus-node"]),
    (":D sh:nodeKind sh:IRI .", ["no-target"]),
    (":D sh:targetClass :Nowhere ; sh:nodeKind sh:Literal ; sh:deactivated true .", ["no-target"]),
    ("", ["no-target"]),
    (":x a :C ; rdfs:label 'the data once more' .", ["no-target"]),
    # parameters that say more about one that is not there
    (":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:flags 'i' ] .", ["lone-parameter"]),
    (":D sh:targetClass :C ; sh:ignoredProperties ( :p ) .", ["lone-parameter"]),
    (":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:qualifiedMinCount 9 ] .", ["lone-parameter"]),
    (":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:qualifiedMaxCount 0 ] .", ["lone-parameter"]),
    (":D sh:targetClass :C ; sh:closed false ; sh:ignoredProperties ( :p ) .", []),
    # shapes that are asked and say nothing: a name that nobody describes, a class where sh:class is meant
    (":D sh:targetClass :C ; sh:node :Nowhere .", ["empty-shape"]),
    (
        ":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:node :Person ] . :Person a owl:Class .",
        ["empty-shape", "no-focus-node"],
    ),
    (":D sh:targetClass :C ; sh:or ( :Nowhere [ sh:nodeKind sh:Literal ] ) .", ["empty-shape"]),
    (
        ":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:qualifiedValueShape [] ; sh:qualifiedMinCount 1 ] .",
        ["empty-shape"],
    ),
    (":D sh:targetClass :C ; sh:node :Later . :Later a sh:NodeShape .", []),
    (":D sh:targetClass :C ; sh:node :Later . :Later sh:message 'nothing yet' .", []),
    # components of DASH, which other processors check; its other terms are for forms
    (":D sh:targetClass :C ; dash:closedByTypes true .", ["unknown-term"]),
    (":D sh:targetClass :C ; sh:property [ sh:path :p ; dash:hasValueIn ( 1 ) ; dash:editor :e ] .", ["unknown-term"]),
    # what is switched off
    (":D sh:targetClass :C ; sh:sparql [ sh:select 'x' ; sh:deactivated true ] .", []),
    (":D sh:targetClass :C ; sh:rule [ sh:deactivated true ], [ sh:deactivated true ] .", []),
    (":D sh:targetClass :C ; sh:nodeKind sh:IRI ; sh:name 'n' ; sh:order 1 ; rdfs:label 'l' ; :own 1 .", []),
    (":D sh:targetClass :C, :Nowhere ; sh:intent 'why' ; sh:codeIdentifier 'd' ; sh:nodeKind sh:IRI .", []),
]


@pytest.mark.parametrize(("shapes", "kinds"), NOTICES)
def test_what_has_no_effect_is_told_and_does_not_count(shapes: str, kinds: list[str]) -> None:
    graph = DataGraph(parse_rdf((PREFIXES + ":x a :C ; :p 'v' .").encode(), "turtle", EX, "data"))
    report = compile_shapes(PREFIXES + shapes).validate(graph)
    assert report.conforms
    assert [notice.kind.value for notice in report.notices] == kinds
    assert all(say(notice.message, "pt-BR") != notice.message for notice in report.notices), "Portuguese is missing"


def test_a_notice_names_the_shape_the_term_and_what_may_be_meant() -> None:
    (notice,) = compile_shapes(
        PREFIXES + ":D sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCounts 1 ] ."
    ).notices
    assert "http://example.org/D" in notice.shape
    assert "sh:minCounts" in notice.message
    assert "sh:minCount meant" in notice.message


def test_a_class_given_for_a_shape_is_named() -> None:
    (notice,) = compile_shapes(PREFIXES + ":D sh:targetClass :C ; sh:node :Person . :Person a owl:Class .").notices
    assert "http://example.org/Person" in notice.message
    assert "sh:class" in notice.message


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_count_may_have_any_number_of_digits(digits: int) -> None:
    many = "1" * digits
    shapes = f":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCount {many} ] ; sh:maxLength {many} ."
    assert faults(shapes, ":x a :C .") == ["x"]
    assert faults(f":S sh:targetClass :C ; sh:minLength -{many} .", ":x a :C .") == []


def test_a_strict_compilation_refuses_what_has_no_effect() -> None:
    with pytest.raises(UnsupportedShape, match="sh:minCounts"):
        compile_shapes(PREFIXES + ":D a sh:NodeShape ; sh:minCounts 1 .", strict=True)


def test_what_a_deactivated_shape_says_is_not_judged() -> None:
    shapes = ":S sh:targetClass :C ; sh:sparql [] ; sh:someNewConstraint 1 ; sh:deactivated true ."
    assert faults(shapes, ":x a :C .") == []


def test_deactivated_shapes_are_silent_everywhere() -> None:
    shapes = ":S sh:targetNode :x ; sh:node :T ; sh:not :T . :T sh:nodeKind sh:Literal ; sh:deactivated true ."
    assert faults(shapes, "") == ["x"]


@pytest.mark.parametrize("value", ['"5"^^xsd:nonNegativeInteger', '"5"', '"five"^^xsd:integer', "5.0", ":five"])
def test_datatype_wants_exactly_its_own_well_formed_literals(value: str) -> None:
    shapes = ":S sh:targetSubjectsOf :p ; sh:path :p ; sh:datatype xsd:integer ."
    assert faults(shapes, f":x :p {value} .") == ["x"]
    assert faults(shapes, ":x :p 005 .") == []


def test_messages_and_severity_reach_the_result() -> None:
    shapes = compile_shapes(
        PREFIXES + ':S sh:targetNode :x ; sh:nodeKind sh:Literal ; sh:severity sh:Info ; sh:message "no"@en .'
    )
    (result,) = shapes.validate(DataGraph()).results
    assert (result.severity, result.messages) == (SH.Info, (Literal("no", language="en"),))


def test_one_shape_can_be_checked_on_chosen_nodes() -> None:
    shapes = compile_shapes(PREFIXES + ":S sh:nodeKind sh:Literal .")
    assert [result.focus for result in shapes.check(DataGraph(), EX + "S", [EX + "x", Literal("y")])] == [EX + "x"]
