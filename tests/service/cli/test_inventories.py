"""Inventories by command: names of one's own, forms, prices, and mistakes, as a user meets them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import load_settings
from tests.opened import Opened
from tests.service.cli.invoking import run
from tests.service.running import DATA, Running, clean_environment, started

MY = "https://example.org/ontology#"
MODULE = f"""
@prefix my: <{MY}> .
@prefix sg: <https://w3id.org/stratagraph/ns#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

my:VoiceAgent a owl:Class ; rdfs:subClassOf sg:ConversationalAgent ;
    rdfs:label "Voice agent"@en , "Agente de voz"@pt-BR .
my:speaksThrough a owl:ObjectProperty ; rdfs:domain my:VoiceAgent ; rdfs:range sg:Infrastructure ;
    sg:transmits sg:implementedIn-effects ; rdfs:label "speaks through"@en , "fala por meio de"@pt-BR .
"""
WAYS = ["VoiceAgent", "my:VoiceAgent", f"'{MY}VoiceAgent'", "Agente de voz"]
ENTRY = "assets:\n- {{kind: {kind}, name: {name}, speaksThrough: {{kind: Infrastructure, name: phone}}}}\n"
PHONE = "- {kind: Infrastructure, name: phone}\n"


@pytest.fixture(name="environment")
def _environment(tmp_path: Path, opened: Opened) -> Mapping[str, str]:
    """A user's environment, with a data folder that was opened before."""
    opened(tmp_path / "home" / DATA)
    return clean_environment(tmp_path / "home")


@pytest.fixture(name="modules", scope="module")
def _modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("my") / "modules"
    folder.mkdir()
    (folder / "my.ttl").write_text(MODULE, encoding="utf-8")
    return folder


@pytest.fixture(name="service", scope="module")
def _service(tmp_path_factory: pytest.TempPathFactory, modules: Path, opened: Opened) -> Iterator[Running]:
    """A service that runs with a module of a user's own."""
    home = tmp_path_factory.mktemp("home")
    opened(home / DATA)
    with started("serve", "--ontology", str(modules), home=home) as running:
        yield running


def write(folder: Path, text: str) -> str:
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.java
@pytest.mark.parametrize("kind", WAYS)
def test_a_class_of_ones_own_goes_by_every_name_over_a_running_service(
    service: Running, tmp_path: Path, kind: str
) -> None:
    name = f"agent-{WAYS.index(kind)}"
    file = write(tmp_path, ENTRY.format(kind=kind, name=name) + PHONE)
    loaded = run("load", file, environment=service.environment)
    assert loaded.returncode == 0, loaded.stderr
    assert service.get(f"/api/assets/{name}").json()["class"] == MY + "VoiceAgent"
    sent = service.post(
        "/api/batches?source=http",
        content=ENTRY.format(kind=kind, name=f"http-{name}") + PHONE,
        headers={"Content-Type": "application/yaml"},
    )
    assert sent.status_code == httpx.codes.CREATED, sent.text
    assert service.get(f"/api/assets/http-{name}").json()["class"] == MY + "VoiceAgent"


@pytest.mark.java
def test_the_service_tells_its_modules_and_prefixes(service: Running) -> None:
    document = service.get("/api/ontology/modules").json()
    assert document["prefixes"]["my"] == [MY]
    assert list(document["modules"]) == ["modules/my.ttl"]


def test_a_class_of_ones_own_goes_by_every_name_without_a_service(
    environment: Mapping[str, str], modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The reasoner judges this module where the service runs; once is enough.
    monkeypatch.setattr("stratagraph.ontology.reasoning.dl.find_spec", lambda _: None)
    environment = {**environment, "PATH": ""}
    entries = "".join(ENTRY.format(kind=kind, name=f"a{n}").removeprefix("assets:\n") for n, kind in enumerate(WAYS))
    file = write(tmp_path, "assets:\n" + PHONE + entries)
    loaded = run("load", file, "--ontology", str(modules), environment=environment)
    assert loaded.returncode == 0, loaded.stderr


def test_a_form_is_printed_filled_in_and_loaded(environment: Mapping[str, str], tmp_path: Path) -> None:
    printed = run("template", "Conversational agent", "--lang", "pt-BR", environment=environment)
    assert printed.returncode == 0, printed.stderr
    file = write(tmp_path, re.sub(r"^(\s*)# ", r"\1", printed.stdout, flags=re.MULTILINE))
    loaded = run("load", file, environment=environment)
    assert loaded.returncode == 0, loaded.stderr
    unknown = run("template", "Agnet", environment=environment)
    assert (unknown.returncode, "Did you mean" in unknown.stderr) == (2, True)


@pytest.mark.parametrize("name", ["usesModel", "LgpdContract"])
def test_only_classes_have_a_form(environment: Mapping[str, str], name: str) -> None:
    done = run("template", name, environment=environment)
    assert done.returncode == 2
    assert "There is no class named" in done.stderr


def test_a_class_tells_its_key_attributes_and_relations(environment: Mapping[str, str]) -> None:
    told = run("ontology", "term", "ProcessingRecord", environment=environment).stdout
    assert "Key: sg:name" in told
    assert re.search(r"sg:legalBasis \(one of [^)]*sg:LgpdContract", told)
    assert re.search(r"sg:effectiveFrom \(date\)", told)
    document = json.loads(run("ontology", "term", "Agent", "--format", "json", environment=environment).stdout)
    assert document["key"] == ["sg:name", "sg:serviceName", "sg:serviceNamespace", "sg:environment"]
    relations = {field["name"]: field for field in document["relations"]}
    assert relations["sg:usesModel"]["range"] == ["sg:BaseModel"]
    assert relations["sg:usesModel"]["inverse"] == "sg:modelUsedBy"
    attributes = {field["name"]: field for field in document["attributes"]}
    assert (attributes["sg:autonomy"]["single"], attributes["sg:purpose"]["expected"]) == (True, True)
    assert "key" not in json.loads(
        run("ontology", "term", "usesModel", "--format", "json", environment=environment).stdout
    )


PRICE = """\
assets:
- kind: Price
  pricedModel: own-model
  inputPrice: 3
  outputPrice: 12.5
  currency: BRL
  validFrom: 2026-01-01
  dct:bibliographicCitation: Contract 17
"""


def test_a_price_of_ones_own_is_known(environment: Mapping[str, str], tmp_path: Path) -> None:
    loaded = run("load", write(tmp_path, PRICE), environment=environment)
    assert loaded.returncode == 0, loaded.stderr
    assert "warning" not in loaded.stdout
    with Engine(load_settings(data=tmp_path / "home" / DATA)) as engine:
        price = engine.prices().price("own-model", datetime(2026, 6, 1, tzinfo=UTC))
    assert price is not None
    assert (price.input, price.output, price.currency, price.source) == (
        Decimal(3),
        Decimal("12.5"),
        "BRL",
        "Contract 17",
    )


def test_the_same_asset_twice_is_warned_of_with_its_line(environment: Mapping[str, str], tmp_path: Path) -> None:
    file = write(tmp_path, "assets:\n- {kind: Agent, name: a, purpose: x}\n- {kind: Agent, name: a, purpose: y}\n")
    loaded = run("load", file, environment=environment)
    assert f"{file}:3: a has another 'purpose' on line 2" in loaded.stdout
