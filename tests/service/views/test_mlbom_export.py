"""The demo's estate as bills of materials: valid, and read again the same estate."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stratagraph.loaders.files import transform
from stratagraph.loaders.scopes import SourceFile
from stratagraph.ontology.facts import Batch, Fact, Iri, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, XSD
from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from stratagraph.service.views.bill_parts import PARTIES, SORTS
from stratagraph.service.views.dump import BILL, dump
from tests.core import MODEL
from tests.loaders.formats.samples_read import SAMPLES
from tests.opened import Opened

FORECAST = f"{ASSET_BASE}LLMSystem/previs%C3%A3o-de-colheita"
TUNED = f"{ASSET_BASE}BaseModel/forja%2Ftempo-3b"


@pytest.fixture(name="demo", scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory, furnished: Opened) -> Iterator[Engine]:
    with Engine(load_settings(data=furnished(tmp_path_factory.mktemp("demo")))) as engine:
        yield engine


@pytest.fixture(name="engine")
def _engine(tmp_path: Path, opened: Opened) -> Iterator[Engine]:
    with Engine(load_settings(data=opened(tmp_path / "data"))) as engine:
        yield engine


def bill(engine: Engine, system: Iri | None = None) -> dict[str, Any]:
    """The bill of an estate, or of a system of it."""
    file = io.BytesIO()
    dump(engine.triples.store, BILL, file, system=system)
    value: dict[str, Any] = json.loads(file.getvalue())
    return value


def read(value: Any, name: str = "bill.json") -> frozenset[Fact]:
    """What a bill states."""
    source = SourceFile(scope=name, data=json.dumps(value).encode())
    return frozenset(transform([source], model=MODEL, base=ASSET_BASE, source="bill").batch.facts())


def load(engine: Engine, *facts: Fact) -> None:
    scope = Scope(name="s", complete=True, stated=facts)
    engine.commit(Batch(source="test", run="1", method=Method.DECLARED, scopes=(scope,)))


def asset(kind: str, name: str, **said: Any) -> list[Fact]:
    """An asset with attributes, and relations by the ends of IRIs."""
    cls = SG.term(kind)
    iri = f"{ASSET_BASE}{MODEL.classes[cls].kind.rpartition('#')[2]}/{name}"
    facts = [Fact(iri, RDF.type, cls), Fact(iri, SG.term("name"), Literal(name))]
    for prop, value in said.items():
        term = SG.term(prop)
        if term in MODEL.relations:
            facts.append(Fact(iri, term, ASSET_BASE + value))
        else:
            facts.append(Fact(iri, term, Literal(value, MODEL.attributes[term].datatype or "")))
    return facts


def plain(fact: Fact) -> Fact:
    """A fact whose number is written without what adds nothing to it."""
    match fact.object:
        case Literal(value=value, datatype=XSD.decimal):
            return fact._replace(object=Literal(f"{Decimal(value).normalize():f}", XSD.decimal))
    return fact


def component(value: dict[str, Any], name: str) -> Any:
    """The component or service of this name."""
    parts = [value["metadata"].get("component"), *value["components"], *value["services"]]
    return next(part for part in parts if part and part["name"] == name)


def test_the_whole_estate_comes_back(demo: Engine) -> None:
    again = {plain(fact) for fact in read(bill(demo))}
    stated = {plain(claim.fact) for claim in demo.ledger.open_claims() if claim.source != "stratagraph:core"}
    kinds = {fact.subject: str(fact.object) for fact in stated if fact.predicate == RDF.type}
    parts = {
        iri for iri, kind in kinds.items() if kind in MODEL.classes and not MODEL.ancestors(kind).isdisjoint(SORTS)
    }
    turned = {MODEL.relations[each].inverse for each in (SG.usesModel, SG.usesTool, SG.dependsOn, *PARTIES)}
    expected = {
        fact
        for fact in stated
        if fact.subject in parts
        and fact.predicate.startswith(SG)
        and fact.predicate not in turned
        and (isinstance(fact.object, Literal) or fact.object in parts or fact.predicate in PARTIES)
    }
    assert expected
    assert expected - again == set()
    added = {fact for fact in again if fact.subject in parts and fact.predicate != RDF.type} - stated
    assert {fact.predicate for fact in added} <= {SG.licensedUnder, *MODEL.relations}


def test_a_bill_that_was_read_is_written_the_same(engine: Engine) -> None:
    before = read(json.loads((SAMPLES / "mlbom/forecast.cdx.json").read_text()))
    load(engine, *before)
    assert read(bill(engine)) == before
    assert read(bill(engine, FORECAST)) == before


def test_what_a_bill_of_a_system_holds(engine: Engine) -> None:
    load(
        engine,
        *read(json.loads((SAMPLES / "mlbom/forecast.cdx.json").read_text())),
        *asset("BaseModel", "elsewhere"),
    )
    value = bill(engine, FORECAST)
    assert value["metadata"]["component"]["name"] == "previsão-de-colheita"
    assert {part["name"] for part in value["components"]} == {
        "campo-embed",
        "tempo-3b",
        "base-3b",
        "urmodel",
        "weather",
    }
    assert {part["name"] for part in value["services"]} == {"radar"}
    card = component(value, "tempo-3b")["modelCard"]
    assert card["modelParameters"]["task"] == "forecasting"
    assert card["modelParameters"]["datasets"] == [{"ref": f"{ASSET_BASE}Dataset/weather"}]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [{"type": "mae", "value": "1.25"}]
    assert component(value, "weather")["data"][0]["type"] == "dataset"
    needed = {each["ref"]: each["dependsOn"] for each in value["dependencies"]}
    assert TUNED in needed[FORECAST]


def test_the_same_estate_gives_the_same_bill(engine: Engine) -> None:
    load(engine, *read(json.loads((SAMPLES / "mlbom/forecast.cdx.json").read_text())))
    assert bill(engine) == bill(engine)


def test_what_cyclonedx_has_no_word_for(engine: Engine) -> None:
    facts = [
        *asset("QuantisedModel", "small", license="MIT", bits="4", derivedFrom="BaseModel/large", personalData="false"),
        *asset("BaseModel", "large", fallsBackTo="BaseModel/small", dependsOn="Dataset/d", license="House Terms"),
        *asset("Dataset", "d", ownedBy="Organisation/crew", providedBy="EcosystemActor/Hub", personalData="true"),
        *asset("Dataset", "d2", derivedFrom="Dataset/d", license="MIT OR Apache-2.0"),
        *asset("Team", "crew"),
        *asset("Provider", "Hub"),
        *asset("LLMSystem", "s", dependsOn="BaseModel/large", usesTool="Tool/t", environment="")[:-1],
        *asset("Agent", "a", partOf="LLMSystem/s", usesModel="BaseModel/small", mayUseTool="Tool/t"),
        *asset("Tool", "t", providedBy="Organisation/crew", url="https://{x}.example.org"),
        Fact(f"{ASSET_BASE}Tool/t", RDFS.label, Literal("A ferramenta", language="pt-br")),
    ]
    load(engine, *facts)
    value = bill(engine)
    licensed = {Fact(f"{ASSET_BASE}BaseModel/small", SG.licensedUnder, SG.MitLicence)}
    assert read(value) == {*facts, *licensed}
    assert component(value, "d")["data"][0]["sensitiveData"] == ["personal data"]
    assert component(value, "d2")["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert component(value, "large")["licenses"] == [{"license": {"name": "House Terms"}}]
    assert "endpoints" not in component(value, "t")


def test_relations_that_are_stated_the_other_way_round(engine: Engine) -> None:
    facts = [
        *asset("BaseModel", "m", usedBy="LLMSystem/s")[:-1],
        *asset("LLMSystem", "s"),
        *asset("Dataset", "d", usedToTrain="BaseModel/m"),
    ]
    load(engine, *facts)
    assert component(bill(engine), "m")["modelCard"]["modelParameters"]["datasets"] == [
        {"ref": f"{ASSET_BASE}Dataset/d"}
    ]


def test_an_empty_estate(engine: Engine) -> None:
    value = bill(engine)
    assert (value["components"], value["services"], value["dependencies"]) == ([], [], [])


@pytest.mark.parametrize("whole", [True, False])
def test_bills_are_valid(demo: Engine, whole: bool) -> None:
    schema = pytest.importorskip("cyclonedx.schema")
    validation = pytest.importorskip("cyclonedx.validation.json")
    validator = validation.JsonStrictValidator(schema.SchemaVersion.V1_6)
    systems = sorted(iri for (iri,) in _systems(demo))
    assert systems
    for system in [None] if whole else systems[:4]:
        assert validator.validate_str(json.dumps(bill(demo, system))) is None


def _systems(engine: Engine) -> set[tuple[str, ...]]:
    return {tuple(map(str, row.values())) for row in engine.triples.select("SELECT ?s { ?s a sg:LLMSystem }")}
