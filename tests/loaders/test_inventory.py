"""The YAML inventory: what it states, where, and how it is refused."""

from __future__ import annotations

import textwrap

import pytest

from stratagraph.loaders.inventory import MalformedInventory, read_inventory
from stratagraph.loaders.origins import Place
from stratagraph.ontology.facts import Fact, Literal
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import ASSET_BASE, RDF, RDFS, SG, XSD

MODEL = load_model()
AGENT = ASSET_BASE + "Agent/support"


def read(text: str) -> dict[Fact, Place | None]:
    return read_inventory(textwrap.dedent(text).encode(), "estate.yaml", model=MODEL, base=ASSET_BASE).facts


def refusal(text: str) -> MalformedInventory:
    with pytest.raises(MalformedInventory) as refused:
        read(text)
    return refused.value


def test_an_asset_is_typed_named_and_related() -> None:
    facts = read(
        """
        assets:
          - kind: ConversationalAgent
            name: support
            label: {en: Support, pt-BR: Suporte}
            usesModel: [gpt-5-mini]
            partOf: {kind: LLMSystem, name: helpdesk, serviceNamespace: shop}
        """
    )
    assert set(facts) == {
        Fact(AGENT, RDF.type, SG.ConversationalAgent),
        Fact(AGENT, SG.name, Literal("support")),
        Fact(AGENT, RDFS.label, Literal("Support", language="en")),
        Fact(AGENT, RDFS.label, Literal("Suporte", language="pt-br")),
        Fact(AGENT, SG.usesModel, ASSET_BASE + "BaseModel/gpt-5-mini"),
        Fact(AGENT, SG.partOf, ASSET_BASE + "LLMSystem/helpdesk/shop"),
    }


def test_every_fact_knows_its_line() -> None:
    facts = read("assets:\n- kind: Agent\n  name: support\n  usesModel:\n  - gpt-5\n")
    lines = {fact.predicate: place.line for fact, place in facts.items() if place}
    assert lines == {RDF.type: 2, SG.name: 3, SG.usesModel: 5}


def test_names_of_the_same_file_are_references() -> None:
    facts = read(
        """
        assets:
          - {kind: LLMSystem, name: desk, environment: production}
          - {kind: Agent, name: support, partOf: desk}
        """
    )
    assert Fact(AGENT, SG.partOf, ASSET_BASE + "LLMSystem/desk//production") in facts


def test_a_name_that_two_kinds_share_goes_to_the_one_that_fits() -> None:
    facts = read(
        """
        assets:
          - {kind: BaseModel, name: llama}
          - {kind: Prompt, name: llama}
          - {kind: Agent, name: support, usesModel: llama}
        """
    )
    assert Fact(AGENT, SG.usesModel, ASSET_BASE + "BaseModel/llama") in facts


@pytest.mark.parametrize(
    ("attribute", "written", "literal"),
    [
        ("contextWindowTokens", "128_000", Literal("128000", XSD.integer)),
        ("costPerMillionTokens", "0.003", Literal("0.003", XSD.decimal)),
        ("personalData", "yes", Literal("true", XSD.boolean)),
        ("validFrom", "2025-06-01", Literal("2025-06-01T00:00:00Z", XSD.dateTime)),
        ("purpose", "'true'", Literal("true")),
    ],
)
def test_values_take_the_datatype_of_their_attribute(attribute: str, written: str, literal: Literal) -> None:
    facts = read(f"assets:\n- kind: Tokenizer\n  name: bpe\n  {attribute}: {written}\n")
    assert [fact.object for fact in facts if fact.predicate == SG.term(attribute)] == [literal]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "assets:\n", "assets: []\n"])
def test_an_empty_inventory_states_nothing(text: str) -> None:
    assert read(text) == {}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("assets:\n- kind: Agnet\n  name: x\n", 2, "Did you mean Agent"),
        ("assets:\n- kind: Xyzzy\n  name: x\n", 2, "stratagraph ontology search"),
        ("assets:\n- name: x\n", 2, "kind"),
        ("assets:\n- kind: Agent\n", 2, "name"),
        ("assets:\n- kind: Agent\n  name: x\n  usesModle: y\n", 4, "Did you mean usesModel"),
        ("assets:\n- kind: Agent\n  name: x\n  name: y\n", 4, "twice"),
        ("assets:\n- kind: Agent\n  name: x\n  dependsOn: nobody\n", 4, "no asset of this file"),
        ("assets:\n- kind: Agent\n  name: x\n  purpose: {a: b}\n", 4, "plain value"),
        ("assets:\n- kind: Agent\n  name: x\n  dependsOn: [[y]]\n", 4, "a name, an IRI"),
        ("assets: x\n", 1, "list"),
        ("agents: []\n", 1, "'assets'"),
        ("- x\n", 1, "mapping"),
        ("assets:\n- x\n", 2, "mapping"),
        ("assets:\n- {kind: Agent, name: &a x}\n- {kind: Agent, name: *a}\n", 3, "aliases"),
        ("assets:\n  - kind: [\n", 3, "well-formed"),
        ("assets:\n\t- x\n", 2, "well-formed"),
        ("assets: \0\n", 1, "well-formed"),
        ("[" * 100_000, 1, "nested"),
    ],
)
def test_bad_input_is_refused_with_its_line_and_what_to_do(text: str, line: int, said: str) -> None:
    error = refusal(text)
    assert error.file == "estate.yaml"
    assert error.line == line
    assert said in str(error)


WHOLE = """assets:
- kind: Agent
  name: support
  label: {en: "Support", pt-BR: 'Suporte'}
  sg:version: |
    two
    lines
  usesModel:
  - gpt-5-mini
  - "gpt-5"
- kind: BaseModel
  name: gpt-5
  contextWindowTokens: 128000
"""


def cut(text: str) -> list[Fact] | None:
    try:
        return list(read_inventory(text.encode(), "estate.yaml", model=MODEL, base=ASSET_BASE).facts)
    except MalformedInventory:
        return None


def test_an_inventory_cut_within_a_line_is_refused_or_says_the_same() -> None:
    whole = cut(WHOLE)
    assert whole
    for end in range(1, len(WHOLE)):
        prefix = WHOLE[:end]
        facts = cut(prefix)
        if facts and facts != whole:
            line = prefix.splitlines()[-1]
            # whole lines, or a line whose value is whole by its quotes or brackets
            assert prefix.endswith("\n") or line in WHOLE.splitlines() or not line.strip(), prefix


@pytest.mark.parametrize(
    "end", ["name: support", "name: support ", "name: 'a'\n  usesModel: [gpt-5]\n  maxTokens:", "comment: |\n    te"]
)
def test_a_value_without_quotes_needs_a_line_end(end: str) -> None:
    assert "may have been cut" in str(refusal(f"assets:\n- kind: Agent\n  {end}"))


@pytest.mark.parametrize(
    "end", ['name: "support"', "name: support # why", "name: support\n", "name: support\n   ", "name: support\n# why"]
)
def test_a_file_that_ends_well_needs_no_line_end(end: str) -> None:
    assert read(f"assets:\n- kind: Agent\n  {end}")
    assert read('{"assets": [{"kind": "Agent", "name": "support"}]}')
