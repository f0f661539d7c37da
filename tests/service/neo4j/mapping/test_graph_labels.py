"""Few labels, from which the classes can be told again."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Fact, Iri
from stratagraph.ontology.model import extend, load_model
from stratagraph.ontology.namespaces import OWL, RDF, RDFS, SG
from stratagraph.service.neo4j.mapping.graph_labels import Labels
from stratagraph.service.neo4j.mapping.graph_names import Names

MY = "https://example.org/onto#"
THEIRS = (Fact(MY + "RiskyAgent", RDF.type, OWL.Class), Fact(MY + "RiskyAgent", RDFS.subClassOf, SG.Agent))
MODEL = extend(load_model(), {"my": THEIRS})
LABELS = Labels(MODEL, Names(MODEL))
NODE = "https://example.org/node"


def closed(*classes: Iri) -> frozenset[Iri]:
    return frozenset(above for cls in classes for above in MODEL.ancestors(cls))


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        ((SG.Agent,), {"Agent", "Asset"}),
        ((SG.TaskAgent,), {"TaskAgent", "Agent", "Asset"}),
        ((SG.Law,), {"Law", "Regulation", "Asset"}),
        ((SG.BaseModel,), {"BaseModel", "Asset"}),
        ((SG.DisclosureTest,), {"DisclosureTest", "Document", "Asset"}),
        ((SG.TaskAgent, MY + "RiskyAgent"), {"TaskAgent", "RiskyAgent", "Agent", "Asset"}),
        ((SG.Asset,), {"Asset"}),
        ((SG.Price,), {"Price", "Resource"}),
        ((SG.SourceReading,), {"SourceReading", "Resource"}),
        ((), {"Resource"}),
        ((OWL.NamedIndividual,), {"Resource"}),
        ((OWL.Class,), {"OntologyTerm", "Resource"}),
    ],
)
def test_labels_are_the_narrowest_the_widest_and_asset(classes: tuple[Iri, ...], labels: set[str]) -> None:
    types = closed(*classes)
    assert LABELS.labels(NODE, types) == labels
    known = {cls for cls in types if cls.startswith(SG) or not cls.startswith(str(OWL))}
    assert LABELS.types(labels) == known


def test_what_the_ontology_names_is_no_asset() -> None:
    assert LABELS.labels(SG.calls, closed(SG.PerformanceMetric) | {OWL.NamedIndividual}) == {
        "PerformanceMetric",
        "Metric",
    }
    risk = closed(SG.OrchestrationRisk)
    assert LABELS.labels(SG.VendorLockInRisk, risk) == {"OrchestrationRisk", "RiskKind"}
    assert LABELS.level(SG.calls, closed(SG.Agent)) is None
    assert LABELS.labels(SG.Agent, frozenset({OWL.Class})) == {"OntologyTerm"}


def test_an_asset_has_the_level_of_its_class() -> None:
    level = LABELS.level(NODE, closed(SG.TaskAgent))
    assert level is not None
    assert level.number == 6


def test_no_label_is_of_another_vocabulary() -> None:
    for cls in MODEL.classes:
        if SG.Asset in MODEL.ancestors(cls):
            assert len(LABELS.labels(NODE, closed(cls))) <= 3
