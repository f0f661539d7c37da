"""What cites a document is in it: steps and kinds of change that Stratagraph adds say so."""

from __future__ import annotations

import pytest

from stratagraph.ontology.facts import Literal
from stratagraph.ontology.namespaces import DCT, SG
from tests.ontology.reference import GRAPH, MODEL

FROM_SECTION_8 = {
    "RegulationChange": "redaction-policy edge-filters leakage-evals no-echo strict-schemas tokenizer-and-logs"
    " stored-embeddings",
    "Quantisation": "evals-before-after check-conformity hold-slo retune-prompts recalibrate-retrieval task-completion",
}
"""The consequences that section 8 of document 003 names, in the order of its two flows."""
FIRST_TELLING = {"RegulationChange": "", "Quantisation": "widen-context"}
"""What only the first telling of the flows names, where the levels are introduced."""
TOLD_FIRST = Literal("Document 003, Níveis de organização da área de LLMOps, Fluxos de causa-e-efeito")
OURS = Literal("Stratagraph")


def citations(iri: str) -> set[Literal]:
    return {
        f.object
        for f in MODEL.triples
        if f.subject == iri and f.predicate == DCT.bibliographicCitation and isinstance(f.object, Literal)
    }


def test_only_the_two_changes_of_section_8_cite_it() -> None:
    cited = {kind.removeprefix(SG) for kind in MODEL.change_kinds if citations(kind) != {OURS}}
    assert cited == set(FROM_SECTION_8)


@pytest.mark.parametrize("change", FROM_SECTION_8)
def test_only_the_steps_that_section_8_names_cite_it(change: str) -> None:
    steps = {step.iri.removeprefix(f"{SG}{change}-") for step in MODEL.checklist if step.change == SG.term(change)}
    cited = {name: citations(SG.term(f"{change}-{name}")) for name in steps}
    ours = {name for name, said in cited.items() if said == {OURS}}
    assert steps - ours == {*FROM_SECTION_8[change].split(), *FIRST_TELLING[change].split()}
    assert {name for name, said in cited.items() if TOLD_FIRST in said} == set(FIRST_TELLING[change].split())


def test_every_step_of_the_other_changes_is_ours() -> None:
    others = [step.iri for step in MODEL.checklist if step.change.removeprefix(SG) not in FROM_SECTION_8]
    assert others
    assert {iri for iri in others if citations(iri) != {OURS}} == set()


def test_text_is_cited_in_words_and_a_source_is_an_iri() -> None:
    assert [f for f in MODEL.triples if f.predicate == DCT.source and isinstance(f.object, Literal)] == []
    assert GRAPH.pairs(DCT.bibliographicCitation)
