"""One estate told by six kinds of sources at once: one set of assets, each fact with all its witnesses, in any order.

What each source must be found to say is written by hand; taking one away takes exactly that.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import pytest

from stratagraph.loaders.files import transform
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.kinds import Kind
from stratagraph.loaders.recognition import kind_of
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Batch, Fact, Iri
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.withdrawal import withdrawal
from tests.core import MODEL
from tests.loaders.formats.described import short
from tests.loaders.spans import agent, chat, request, span
from tests.loaders.transformed import of
from tests.opened import Opened

FILES: Final[Mapping[str, tuple[Kind, str]]] = {
    "estate.yaml": (
        Kind.YAML,
        """assets:
- {kind: Agent, name: triage, serviceName: desk, usesModel: {kind: BaseModel, name: modelforge/base-8b}}
- {kind: BaseModel, name: modelforge/base-8b, license: apache-2.0}
""",
    ),
    "models.csv": (Kind.CSV, "BaseModel;license;contextWindowTokens\nmodelforge/base-8b;apache-2.0;8192\n"),
    "estate.json": (
        Kind.YAML,
        '{"assets": [{"kind": "BaseModel", "name": "modelforge/base-8b", "license": "mit"}]}',
    ),
    "models.ttl": (
        Kind.RDF,
        """@prefix sg: <https://w3id.org/stratagraph/ns#> .
<https://w3id.org/stratagraph/asset/BaseModel/modelforge%2Fbase-8b> a sg:BaseModel ;
    sg:name "modelforge/base-8b" ; sg:license "apache-2.0" .
""",
    ),
    "models.jsonld": (
        Kind.RDF,
        """{"@id": "https://w3id.org/stratagraph/asset/BaseModel/modelforge%2Fbase-8b",
  "@type": "https://w3id.org/stratagraph/ns#BaseModel",
  "https://w3id.org/stratagraph/ns#name": "modelforge/base-8b",
  "https://w3id.org/stratagraph/ns#contextWindowTokens": {"@value": "8192",
    "@type": "http://www.w3.org/2001/XMLSchema#integer"}}
""",
    ),
}
TRACES: Final = "traces"
SOURCES: Final = (*FILES, TRACES)
BASE: Final = "BaseModel/modelforge%2Fbase-8b"
AGENT: Final = "Agent/triage/desk"
EXPECTED: Final = {
    (BASE, "rdf:type", "BaseModel"): set(SOURCES),
    (BASE, "name", "modelforge/base-8b"): set(SOURCES),
    (BASE, "license", "apache-2.0"): {"estate.yaml", "models.csv", "models.ttl"},
    (BASE, "license", "mit"): {"estate.json"},
    (BASE, "contextWindowTokens", "8192"): {"models.csv", "models.jsonld"},
    (AGENT, "rdf:type", "Agent"): {"estate.yaml", TRACES},
    (AGENT, "name", "triage"): {"estate.yaml", TRACES},
    (AGENT, "serviceName", "desk"): {"estate.yaml", TRACES},
    (AGENT, "usesModel", BASE): {"estate.yaml", TRACES},
}
"""What is said of the model and the agent, and by whom."""
ORDERS: Final = [
    SOURCES,
    *(pytest.param(SOURCES[turn:] + SOURCES[:turn], marks=pytest.mark.nightly) for turn in range(1, len(SOURCES))),
    pytest.param(tuple(reversed(SOURCES)), marks=pytest.mark.nightly),
]

Said = Mapping[tuple[str, str, str], set[str]]


def batch(source: str) -> Batch:
    """What a source says, as one run of it."""
    if source == TRACES:
        spans = (
            span(2, agent("triage")),
            span(3, chat("hosted_vllm/modelforge/base-8b", input=1, output=1), parent=2),
        )
        told = of(request(spans, resource={"service.name": "desk"})).batch
        return replace(told, source=TRACES, run=str(uuid.uuid4()), observations=(), marks={}, marks_owner="")
    kind, text = FILES[source]
    file = SourceFile(scope=source, data=text.encode())
    assert kind_of(Document(source, file.data), None) is kind
    return transform([file], model=MODEL, base=ASSET_BASE, source=source).batch


@pytest.fixture(name="engine", scope="module")
def _engine(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(load_settings(data=opened(tmp_path_factory.mktemp("witnesses")))) as engine:
        yield engine


def said(engine: Engine) -> Said:
    """Who says what of the two, as the ledger has it."""
    found: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for claim in engine.ledger.open_claims():
        subject, predicate, value = (short(term) for term in claim.fact)
        if subject in (BASE, AGENT) and predicate in {key[1] for key in EXPECTED}:
            found[subject, predicate, value].add(claim.source)
    return found


def shown(engine: Engine) -> set[Fact]:
    """What stands of the two in the triples."""
    with engine.reading() as snapshot:
        return {
            Fact(ASSET_BASE + node, predicate, value)
            for node in (BASE, AGENT)
            for predicate, value in snapshot.triples.facts_about(ASSET_BASE + node)
        }


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order[0])
def test_six_sources_in_any_order_are_one_estate_and_each_can_be_taken_away(
    engine: Engine, order: Sequence[str]
) -> None:
    for source in order:
        engine.commit(batch(source))
    assert said(engine) == EXPECTED
    models: set[Iri] = {fact.subject for fact in shown(engine) if fact.object == SG.BaseModel}
    assert models == {ASSET_BASE + BASE}
    for place, source in enumerate(order):
        engine.commit(withdrawal(engine.ledger, source))
        left = set(order[place + 1 :])
        remaining = {fact: witnesses & left for fact, witnesses in EXPECTED.items() if witnesses & left}
        assert said(engine) == remaining
        stated = {key for key in ((short(s), short(p), short(o)) for s, p, o in shown(engine)) if key in EXPECTED}
        assert stated == remaining.keys()
    assert not [fact for fact in shown(engine) if fact.predicate == RDF.type]
