"""The form of a class: as printed it is an inventory, and with every comment sign taken away it can be loaded."""

from __future__ import annotations

import re

import pytest
import yaml

from stratagraph.loaders.inventory import read_inventory
from stratagraph.ontology.facts import Batch, Fact, Iri, Method, Scope
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, SG, SH, local_name
from stratagraph.service.reference.template import template
from stratagraph.shapes.finding import GateFinding
from tests.core import MODEL, forms, gate

CLASSES = sorted(iri for iri, info in MODEL.classes.items() if info.key_properties)


def uncommented(text: str) -> str:
    """Take one comment sign away from every line that begins with one."""
    return re.sub(r"^(\s*)# ", r"\1", text, flags=re.MULTILINE)


def load(text: str) -> tuple[list[Fact], list[GateFinding]]:
    """Return what an inventory states, and what the gate has to say about it on an empty graph."""
    facts = list(read_inventory(text.encode(), "form.yaml", model=MODEL, base=ASSET_BASE).facts)
    scope = Scope(name="form", complete=True, stated=tuple(facts))
    report = gate().check(Batch(source="s", run="r", method=Method.DECLARED, scopes=(scope,)), lambda _: ())
    return facts, [*report.violations, *report.warnings]


def refusals(findings: list[GateFinding]) -> list[str]:
    return [finding.text() for finding in findings if finding.severity == SH.Violation]


@pytest.mark.parametrize("cls", CLASSES, ids=local_name)
def test_the_form_of_every_class_loads_as_printed_and_uncommented(cls: Iri) -> None:
    text = template(forms(), cls, "en")
    facts, found = load(text)
    assert refusals(found) == []
    assert {fact.object for fact in facts if fact.predicate == RDF.type} == {cls}
    whole, found = load(uncommented(text))
    assert refusals(found) == []
    (asset,) = {
        fact.subject for fact in whole if fact.predicate == RDF.type and fact.object == cls and "/my-" in fact.subject
    } or {fact.subject for fact in whole if fact.object == cls}
    form = forms().of(cls)
    stated = {fact.predicate for fact in whole if fact.subject == asset}
    assert stated >= {field.iri for field in (*form.key, *form.attributes, *form.relations)}


def test_the_gate_accepts_no_field_that_a_form_lacks() -> None:
    """Everything whose domain lets an agent have it is in the form, but what is derived."""
    ancestors = MODEL.ancestors(SG.Agent)
    may = {iri for iri, info in MODEL.attributes.items() if info.domain & ancestors}
    may |= {iri for iri, info in MODEL.relations.items() if info.domain & ancestors}
    form = forms().of(SG.Agent)
    assert may <= {field.iri for field in (*form.key, *form.attributes, *form.relations)}


def test_the_form_of_what_is_expected_silences_every_warning_about_it() -> None:
    for cls in (SG.Agent, SG.Price, SG.Prompt, SG.LLMSystem):
        _, found = load(uncommented(template(forms(), cls, "en")))
        mine = ASSET_BASE + local_name(MODEL.classes[cls].kind)
        assert [finding.text() for finding in found if f"{mine}/my-" in str(finding.focus)] == []


def test_required_and_expected_fields_come_first() -> None:
    form = forms().of(SG.Agent)
    wanted = [field.iri in form.expected for field in form.attributes]
    assert wanted == sorted(wanted, reverse=True)
    assert {SG.purpose, SG.autonomyLimit, SG.usesTool, SG.mayUseTool, SG.name} <= form.expected


def test_values_to_choose_from_are_listed() -> None:
    text = template(forms(), SG.ProcessingRecord, "en")
    (line,) = [line for line in text.splitlines() if line.strip().startswith("# legalBasis:")]
    values = set(forms()._individuals[SG.LegalBasis])
    assert len(values) > 5
    listed = {local_name(value) for value in values}
    assert sum(name in line for name in listed) >= min(len(listed), 12)


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_a_form_is_yaml_in_either_language(lang: str) -> None:
    for cls in (SG.Agent, SG.Price, SG.Law):
        for text in (template(forms(), cls, lang), uncommented(template(forms(), cls, lang))):
            assert list(yaml.safe_load(text)) == ["assets"]
    assert "obrigatório" in template(forms(), SG.Agent, "pt-BR")
