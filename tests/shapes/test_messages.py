"""What the gate says: the fault and what to write, in both languages, in good grammar whatever a label is."""

from __future__ import annotations

import json
import re

import pytest

from stratagraph.loaders.inventory import read_inventory
from stratagraph.loaders.prices import PriceTable
from stratagraph.ontology.facts import Batch, Fact, Literal, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, SH, compact
from stratagraph.shapes.datashapes import ASSETS, OBSERVATIONS, shipped_shapes
from stratagraph.shapes.finding import GateFinding
from stratagraph.shapes.message_texts import DATA, LANGUAGES
from tests.core import MODEL, gate

EX = "https://example.org/"
TEMPLATES = {tag: json.loads((DATA / f"messages.{tag}.json").read_text(encoding="utf-8")) for tag in LANGUAGES}
ARTICLES = r"\b(a|an|um|uma|o|os|as|the)"


def judge(facts: list[Fact]) -> list[GateFinding]:
    scope = Scope(name="s", complete=True, stated=tuple(facts))
    report = gate().check(Batch(source="s", run="r", method=Method.DECLARED, scopes=(scope,)), lambda _: ())
    return [*report.violations, *report.warnings]


def load(text: str) -> list[GateFinding]:
    facts = list(read_inventory(f"assets:\n{text}\n".encode(), "f.yaml", model=MODEL, base=ASSET_BASE).facts)
    return [finding for finding in judge(facts) if finding.severity == SH.Violation]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_stands_twice(language: str) -> None:
    text = (DATA / f"messages.{language}.json").read_text(encoding="utf-8")
    names = [name for name, _ in json.loads(text, object_pairs_hook=list)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_article_stands_before_a_label(language: str) -> None:
    glued = [
        text
        for text in TEMPLATES[language].values()
        if re.search(ARTICLES + r" [“\"']?\{(class|classes|predicate)\}", text, re.IGNORECASE)
    ]
    assert glued == []


def test_both_languages_have_the_same_messages_with_the_same_places() -> None:
    one, other = (TEMPLATES[language] for language in LANGUAGES)
    assert one.keys() == other.keys()
    for kind in one:
        assert set(re.findall(r"\{\w+\}", one[kind])) == set(re.findall(r"\{\w+\}", other[kind])), kind


def test_every_datatype_of_the_ontology_has_a_message_of_its_own() -> None:
    used = {compact(info.datatype) for info in MODEL.attributes.values() if info.datatype}
    assert {name for name in used if f"datatype {name}" not in TEMPLATES["en"]} == set()


@pytest.mark.parametrize("file", [ASSETS, OBSERVATIONS])
def test_a_message_states_the_fault_and_not_the_norm(file: str) -> None:
    """A norm speaks of any such thing; a fault of this one."""
    norms = {"en": re.compile(r"(Every|An?) "), "pt-br": re.compile(r"(Tod[oa]|Uma?) ")}
    messages = [message for shape in shipped_shapes(file).shapes.values() for message in shape.messages]
    assert [m.value for m in messages if m.language in norms and norms[m.language].match(m.value)] == []


@pytest.mark.parametrize(
    ("field", "english", "portuguese"),
    [
        ("latencySloMs: rapido", "not a decimal number", "não é um número decimal"),
        ("latencySloMs: 1,5", "as in 0.25", "como em 0.25"),
        ("latencySloMs: -5", "not a duration", "não é uma duração"),
        ("logRetentionDays: 1.5", "not a whole number", "não é um número inteiro"),
        ("auditTrail: maybe", "neither true nor false", "não é true nem false"),
        ("availabilityTarget: 99", "between 0 and 1", "entre 0 e 1"),
        ("currency: reais", "three capital letters", "três letras maiúsculas"),
    ],
)
def test_a_bad_value_is_told_with_what_to_write(field: str, english: str, portuguese: str) -> None:
    findings = load(
        f"- {{kind: LLMSystem, name: x, {field}}}" if "," not in field else f"- kind: LLMSystem\n  name: x\n  {field}"
    )
    assert any(english in finding.text("en") for finding in findings)
    assert any(portuguese in finding.text("pt-BR") for finding in findings)


@pytest.mark.parametrize(
    "written", ["01/02/2026", "2026-13-01", "2026-02-30", "1.2.2026", "Feb 1 2026", "2026-2-1", "2026"]
)
def test_what_is_no_date_is_refused_with_one(written: str) -> None:
    (finding,) = load(f"- kind: Law\n  name: x\n  inForceFrom: {written}")
    assert f'"{written}' in finding.text()
    assert "2026-02-01" in finding.text()


def relations_that_could_be_turned() -> list[tuple[str, str, str]]:
    """Every relation between two classes of which neither is the other, with a class for each end."""
    found = []
    for iri, relation in sorted(MODEL.relations.items()):
        for subject in sorted(relation.domain)[:1]:
            for target in sorted(relation.range)[:1]:
                ends = {subject, target}
                if len(ends) == 2 and ends <= MODEL.classes.keys() and iri.startswith(SG):
                    found.append((iri, subject, target))
    return found


TURNED = relations_that_could_be_turned()


def test_a_relation_the_wrong_way_round_names_its_inverse() -> None:
    assert len(TURNED) > 20
    hinted = set()
    for relation, subject, target in TURNED:
        facts = [
            Fact(EX + "s", RDF.type, subject),
            Fact(EX + "t", RDF.type, target),
            Fact(EX + "t", relation, EX + "s"),
        ]
        wrong = [f for f in judge(facts) if f.fact == facts[2] and f.severity == SH.Violation]
        inverse = MODEL.relations[relation].inverse
        for finding in wrong:
            assert "other way round" in finding.text("en"), relation
            assert "sentido contrário" in finding.text("pt-BR"), relation
            if inverse:
                assert compact(inverse) in finding.text("en")
                hinted.add(relation)
    assert {SG.usesModel, SG.governedBy, SG.retrievesFrom} <= hinted


def test_a_relation_that_fits_neither_way_has_no_such_hint() -> None:
    findings = load("- {kind: Tokenizer, name: x, usesModel: y}\n- {kind: BaseModel, name: y}")
    assert findings
    assert not any("other way round" in finding.text() for finding in findings)


@pytest.mark.parametrize(
    ("fact", "near"),
    [
        (Fact(EX + "x", RDF.type, SG.Agnet), "sg:Agent"),
        (Fact(EX + "x", SG.usesModle, EX + "y"), "sg:usesModel"),
        (Fact(EX + "x", "https://example.org/usesModel", Literal("y")), "sg:usesModel"),
    ],
)
def test_an_unknown_term_names_what_it_looks_like(fact: Fact, near: str) -> None:
    told = [finding.text("pt-BR") for finding in judge([fact])]
    assert any(f"Você quis dizer {near}" in text for text in told)


def test_iris_in_a_message_are_shortened() -> None:
    findings = judge([Fact(EX + "a", RDF.type, SG.Agent), Fact(EX + "a", SG.name, Literal("a"))])
    assert findings
    assert [finding.text() for finding in findings if SG in finding.text()] == []


PRICE = {
    "pricedModel": "m",
    "inputPrice": "3",
    "currency": "BRL",
    "validFrom": "2026-01-01",
    "dct:bibliographicCitation": "Contract 17",
}


# Without the day from which it holds, a price holds since its amount was first stated.
@pytest.mark.parametrize("missing", [None, *(name for name in PRICE if name != "validFrom")])
def test_a_price_that_leads_to_no_cost_is_warned_of(missing: str | None) -> None:
    told = {name: value for name, value in PRICE.items() if name != missing} | {"iri": "https://example.org/price"}
    entry = "".join(f"  {name}: {value}\n" for name, value in told.items())
    text = f"assets:\n- kind: Price\n{entry}"
    facts = list(read_inventory(text.encode(), "f.yaml", model=MODEL, base=ASSET_BASE).facts)
    warned = [finding.text() for finding in judge(facts) if "No cost follows" in finding.text()]
    assert [missing.rpartition(":")[2] in text for text in warned if missing] == ([True] if missing else [])
    assert bool(PriceTable.from_facts(facts).prices) == (missing is None)
