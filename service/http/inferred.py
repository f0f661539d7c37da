"""Why each thing that an asset's answer calls inferred was inferred."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stratagraph.ontology.facts import Fact, Iri, Literal
from stratagraph.ontology.namespaces import RDF
from stratagraph.queries.because import Premises
from stratagraph.queries.messages import messages
from stratagraph.service.engine.engine import Engine
from stratagraph.service.views.snapshots import Snapshot

Document = dict[str, Any]


def add_reasons(engine: Engine, snapshot: Snapshot, asset: Document, language: str) -> bool:
    """Give each inferred part of an asset its ``because``; return whether the graph stood still for that."""
    for row in (*asset["types"], *asset["attributes"], *asset["relations"]["out"], *asset["relations"]["in"]):
        row["because"] = None
    inferred = [(row, fact) for row, fact in _parts(asset) if row["inferred"]]
    proofs = engine.explainer.proofs(snapshot.sequence, [fact for _, fact in inferred])
    if proofs is None:
        return False
    premises = Premises(snapshot.triples, engine.model, language)
    texts = messages("assets", language)
    for (row, fact), proof in zip(inferred, proofs, strict=True):
        if fact.predicate == RDF.type:
            # A class above a stated one may follow from a relation too, in fewer steps.
            row["byDefinition"] &= proof is None or [each.predicate for each in proof.facts] != [RDF.type]
        # What the ontology states of its own has no claims, and no other reason.
        if proof is not None and proof.facts != (fact,):
            facts, axioms = premises.documents(proof.facts), engine.explainer.axioms(proof)
            said = "; ".join(each["text"] for each in facts)
            by = "; ".join(_placed(each) for each in axioms)
            form = "because" if facts and axioms else "because-fact" if facts else "because-axiom"
            row["because"] = {"facts": facts, "axioms": axioms, "text": texts[form].format(facts=said, axioms=by)}
    return True


def _parts(asset: Document) -> Iterator[tuple[Document, Fact]]:
    """Yield what an answer tells of an asset, with the fact that each is."""
    iri: Iri = asset["iri"]
    for row in asset["types"]:
        yield row, Fact(iri, RDF.type, row["iri"])
    for row in asset["attributes"]:
        yield row, Fact(iri, row["property"], Literal(row["value"], row["datatype"], row["language"] or ""))
    for row in asset["relations"]["out"]:
        yield row, Fact(iri, row["property"], row["asset"]["iri"])


def _placed(axiom: Document) -> str:
    place = ":".join(str(part) for part in (axiom["module"], axiom["line"]) if part)
    return f"{axiom['text']} ({place})" if place else str(axiom["text"])
