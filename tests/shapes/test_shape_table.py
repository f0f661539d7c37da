"""The table pass and the generated shapes find the same faults, whatever a batch says."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import OWL, RDF, SG, SH, XSD
from stratagraph.shapes.compiler import compile_shapes
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.datashapes import GATE_SUBSET
from stratagraph.shapes.fact_vocabulary import FactVocabulary, read_vocabulary
from stratagraph.shapes.finding import GateFinding
from stratagraph.shapes.generated import generated_shapes
from stratagraph.shapes.paths import Predicate
from stratagraph.shapes.shape import CompiledShapes
from stratagraph.shapes.shape_table import LedgerFacts, Table

MODEL = load_model()


@cache
def vocabulary() -> FactVocabulary:
    return read_vocabulary(MODEL)


@cache
def table() -> Table:
    return Table(vocabulary())


@cache
def compiled() -> CompiledShapes:
    return compile_shapes(generated_shapes(vocabulary()))


NODES = ["http://example.org/a", "http://example.org/b", "http://example.org/c", "http://example.org/d"]
CLASSES = [*sorted(MODEL.classes), OWL.NamedIndividual]
COMMON = [SG.BaseModel, SG.QuantisedModel, SG.TaskAgent, SG.Prompt, SG.Law, SG.LLMSystem, SG.Tool]
LITERALS = [
    Literal("1", XSD.integer),
    Literal("x", XSD.integer),
    Literal("1", XSD.byte),
    Literal("0.5", XSD.decimal),
    Literal("1e0", XSD.double),
    Literal("true", XSD.boolean),
    Literal("text"),
    Literal("text", language="en"),
    Literal("2026-01-01T00:00:00Z", XSD.dateTime),
]

nodes = st.sampled_from(NODES)
types = st.builds(Fact, nodes, st.just(RDF.type), st.sampled_from(COMMON) | st.sampled_from(CLASSES))
predicates = st.sampled_from(sorted({*MODEL.relations, *MODEL.attributes})) | st.sampled_from(
    [SG.usesModel, SG.uses, SG.bits, SG.name]
)
others = st.builds(Fact, nodes, predicates, nodes | st.sampled_from(LITERALS))

Fault = tuple[Iri, Term, str | None, Term | None, Iri]


def by_table(facts: list[Fact]) -> set[Fault]:
    classes: dict[Iri, set[Iri]] = defaultdict(set)
    for fact in facts:
        if fact.predicate == RDF.type:
            classes[fact.subject].add(str(fact.object))
    asserted = {node: frozenset(found) for node, found in classes.items()}
    findings = [*table().check(facts, asserted), *table().clashes(asserted, asserted)]
    assert len({key(finding) for finding in findings}) == len(findings)
    return {key(finding) for finding in findings}


def key(finding: GateFinding) -> Fault:
    counts = finding.component in {SH.MaxCountConstraintComponent, SH.MinCountConstraintComponent}
    return (finding.shape, finding.focus, finding.path, None if counts else finding.value, finding.component)


def by_shapes(facts: list[Fact]) -> set[Fault]:
    report = compiled().validate(DataGraph(facts, superclasses=vocabulary().ancestors))
    return {
        (
            result.shape,
            result.focus,
            result.path.iri if isinstance(result.path, Predicate) else None,
            result.value,
            result.component,
        )
        for result in report.results
    }


@given(st.lists(types, max_size=5, unique=True), st.lists(others, max_size=8, unique=True))
@settings(max_examples=300, deadline=None)
def test_table_and_shapes_agree(typing: list[Fact], stating: list[Fact]) -> None:
    facts = [*typing, *stating]
    assert by_table(facts) == by_shapes(facts)


@given(st.lists(types, max_size=5), st.lists(others | types, max_size=8), st.lists(others, max_size=3))
@settings(max_examples=300, deadline=None)
def test_what_is_passed_over_is_faultless(typing: list[Fact], stating: list[Fact], before: list[Fact]) -> None:
    """The same findings in the same order as when each fact is judged by itself, repeated ones too."""
    odd = Fact(NODES[0], RDF.type, Literal("x", SG.BaseModel))  # no class, though its datatype is called as one
    facts = [*typing, *stating, odd]
    asserted = {node: frozenset(str(f.object) for f in typing if f.subject == node) for node in NODES[:3]}
    standing = LedgerFacts(before)
    judged = list(table()._judge(facts, asserted, standing))
    assert list(table().check(facts, asserted, standing)) == judged


def test_every_relation_and_attribute_has_a_column() -> None:
    assert vocabulary().predicates.keys() == MODEL.relations.keys() | MODEL.attributes.keys()


def test_generated_shapes_stay_within_the_subset() -> None:
    assert compiled().components() <= GATE_SUBSET


def test_generated_shapes_are_the_same_every_time() -> None:
    assert generated_shapes(vocabulary()) == generated_shapes(read_vocabulary(MODEL))


def test_every_generated_shape_speaks_both_languages() -> None:
    for shape in compiled().targeted:
        assert {message.language for message in shape.messages} == {"en", "pt-br"}
        assert not any("{" in message.value for message in shape.messages)
