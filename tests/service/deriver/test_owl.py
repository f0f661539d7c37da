"""The closure against a reasoner that knows nothing of ours: owlrl, OWL 2 RL."""

from __future__ import annotations

import owlrl
import rdflib
from hypothesis import HealthCheck, given, settings
from rdflib import OWL as OWL_NS
from rdflib import RDF as RDF_NS
from rdflib import RDFS as RDFS_NS
from rdflib.collection import Collection

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.namespaces import RDF
from stratagraph.ontology.rules import compile_rules
from stratagraph.service.deriver import Deriver
from tests.service.naive import naive_influences, naive_merged
from tests.service.worlds import CHAINS, CLASSES, PROPS, SUBCLASSES, Event, History, Mirror, events, world


def ontology() -> rdflib.Graph:
    graph = rdflib.Graph()
    ref = rdflib.URIRef
    for cls, ups in SUBCLASSES.items():
        for up in ups:
            graph.add((ref(cls), RDFS_NS.subClassOf, ref(up)))
    for prop, told in PROPS.items():
        graph.add((ref(prop), RDF_NS.type, OWL_NS.ObjectProperty))
        for up in told.supers:
            graph.add((ref(prop), RDFS_NS.subPropertyOf, ref(up)))
        for flag in told.flags:
            graph.add((ref(prop), RDF_NS.type, OWL_NS[f"{flag.capitalize()}Property"]))
        for link, end in ((OWL_NS.inverseOf, told.inverse), (RDFS_NS.domain, told.domain), (RDFS_NS.range, told.range)):
            if end:
                graph.add((ref(prop), link, ref(end)))
    for first, second, implied in CHAINS:
        chain = rdflib.BNode()
        Collection(graph, chain, [ref(first), ref(second)])
        graph.add((ref(implied), OWL_NS.propertyChainAxiom, chain))
    return graph


def ours(graph: rdflib.Graph) -> set[Fact]:
    """The triples of our properties and classes between things of the world."""
    found = set()
    for s, p, o in graph:
        known = str(p) in PROPS or (p == RDF_NS.type and str(o) in CLASSES)
        if known and isinstance(s, rdflib.URIRef) and isinstance(o, rdflib.URIRef):
            found.add(Fact(str(s), str(p), str(o)))
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events)
def test_the_closure_equals_owl_rl(happened: list[list[Event]]) -> None:
    deriver, history, mirror = Deriver(world(), compile_rules(world())), History(), Mirror()
    for step in happened:
        mirror.apply(deriver.apply(history.step(step)))
    graph = ontology()
    asserted = naive_merged(history.facts())
    # Influence edges follow from asserted facts by a rule that is not OWL: what they say goes in as facts.
    edges = {
        Fact(edge.influencer, world().manners[manner].influence_property, edge.influenced)
        for edge in naive_influences(asserted).values()
        for manner in edge.strengths
    }
    for fact in asserted | edges:
        if isinstance(fact.object, str):
            graph.add((rdflib.URIRef(fact.subject), rdflib.URIRef(fact.predicate), rdflib.URIRef(fact.object)))
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    known = {f for f in mirror.facts if f.predicate in PROPS or (f.predicate == RDF.type and f.object in CLASSES)}
    assert known == ours(graph)
