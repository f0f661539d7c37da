"""What tools that know RDF Schema only find of the ontology, in the graph of the demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stratagraph.ontology.facts import ChangeSet, Fact, Literal
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG, SKOS
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.views.snapshots import Snapshot
from stratagraph.service.views.triples import TriplesView
from tests.core import MODEL
from tests.opened import Opened
from tests.service.worlds import START

OURS = """
VALUES ?kind { owl:Class owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty }
?term a ?kind FILTER(STRSTARTS(STR(?term), STR(sg:)))
"""


@pytest.fixture(name="opened_once", scope="module")
def _opened_once(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Snapshot]:
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("data")))) as engine, engine.reading() as snapshot:
        yield snapshot


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("said", ["rdfs:label", "rdfs:comment"])
def test_every_term_of_ours_has_a_label_and_a_comment(opened_once: Snapshot, said: str, language: str) -> None:
    without = f'FILTER NOT EXISTS {{ ?term {said} ?text FILTER(LCASE(LANG(?text)) = "{language}") }}'
    assert opened_once.triples.select(f"SELECT ?term {{ {OURS} {without} }}") == []
    assert len(opened_once.triples.select(f"SELECT DISTINCT ?term {{ {OURS} }}")) > 700


def test_the_comments_are_the_definitions_of_terms_and_of_nothing_else(opened_once: Snapshot) -> None:
    told = {tuple(row.values()) for row in opened_once.triples.select("SELECT ?s ?c { ?s rdfs:comment ?c }")}
    terms = {*MODEL.classes, *MODEL.relations, *MODEL.attributes, *MODEL.annotations}
    assert told == {
        (f.subject, f.object) for f in MODEL.triples if f.predicate == SKOS.definition and f.subject in terms
    }


def test_every_property_is_one_of_rdf_too(opened_once: Snapshot) -> None:
    told = {row["p"] for row in opened_once.triples.select("SELECT ?p { ?p a rdf:Property }")}
    assert told == {*MODEL.relations, *MODEL.attributes, *MODEL.annotations}


def test_what_follows_from_a_definition_and_a_type_goes_with_them() -> None:
    text = Literal("Who works.", language="en")
    stated = (Fact(SG.Agent, SKOS.definition, text), Fact(SG.uses, RDF.type, OWL.ObjectProperty))
    view = TriplesView(None, MODEL)
    view.apply(ChangeSet(sequence=1, time=START, batch_hash="a", added=stated))
    assert set(view.facts_about(SG.Agent)) == {(SKOS.definition, text), (RDFS.comment, text)}
    assert set(view.facts_about(SG.uses)) == {(RDF.type, OWL.ObjectProperty), (RDF.type, RDF.Property)}
    view.apply(ChangeSet(sequence=2, time=START, batch_hash="b", removed=stated))
    assert [*view.facts_about(SG.Agent), *view.facts_about(SG.uses)] == []


def test_an_asset_that_is_defined_has_no_comment() -> None:
    view = TriplesView(None, MODEL)
    mine = "https://example.org/mine"
    view.apply(ChangeSet(sequence=1, time=START, batch_hash="a", added=(Fact(mine, SKOS.definition, Literal("x")),)))
    assert list(view.facts_about(mine)) == [(SKOS.definition, Literal("x"))]
