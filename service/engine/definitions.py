"""What the gate can't see on stated classes: what a batch makes of things by the definitions of classes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from stratagraph.ontology.facts import Fact, Iri, LedgerChange
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF, SH
from stratagraph.service.deriver.justifications import Justifications
from stratagraph.service.deriver.supposition import Clash, Supposition
from stratagraph.service.engine.derivation import Derivation
from stratagraph.service.engine.explaining import Explainer
from stratagraph.shapes.fact_vocabulary import shape_iri
from stratagraph.shapes.finding import GateFinding
from stratagraph.shapes.message_texts import Texts, message, template

if TYPE_CHECKING:
    from stratagraph.shapes.gate import Gate

log = logging.getLogger(__name__)


class Definitions:
    """Judges a change by supposing it. Where no class is made of others, it is never asked and costs nothing."""

    def __init__(
        self, model: OntologyModel, derivation: Derivation, explainer: Explainer, gate: Callable[[], Gate]
    ) -> None:
        self._model = model
        self._derivation = derivation
        self._explainer = explainer
        self._gate = gate

    def concern(self) -> bool:
        """Tell whether the ontology defines any class."""
        return bool(self._derivation.deriver.defined())

    def may_settle(self, finding: GateFinding) -> bool:
        """Tell whether a violation may be none, because a definition may make an end of a fact what it has to be."""
        unions = self._gate().demanded(finding)
        return bool(unions) and any(not union.isdisjoint(self._derivation.deriver.defined()) for union in unions)

    def objections(self, change: LedgerChange, doubtful: Iterable[GateFinding]) -> tuple[GateFinding, ...]:
        """Return what is wrong with a change: doubtful findings that stand, and things that can't be what they are.

        Of a change that the deriver can't suppose, for another process was faster, only the doubtful ones are known.
        """
        doubtful = tuple(doubtful)
        derivation = self._derivation
        with derivation.lock:
            if not derivation.is_sound or derivation.deriver.sequence != change.sequence - 1:
                log.info("sequence %d was not looked at by definitions: others commit too", change.sequence)
                return doubtful
            with derivation.supposing(change) as supposition:
                return (*self._standing(doubtful), *self._clashes(supposition, change))

    def _standing(self, doubtful: Iterable[GateFinding]) -> Iterator[GateFinding]:
        """Yield the findings that no definition settles; what a relation says of its own ends is no ground for it."""
        bare = self._derivation.deriver.justifications(bare=True)
        for finding in doubtful:
            end = self._derivation.deriver.members(_end(finding))[0]
            if not all(self._is_in_one(bare, end, union) for union in self._gate().demanded(finding)):
                yield finding

    def _is_in_one(self, bare: Justifications, node: Iri, union: Iterable[Iri]) -> bool:
        return any(bare.of(Fact(node, RDF.type, cls)) is not None for cls in sorted(union))

    def _clashes(self, supposition: Supposition, change: LedgerChange) -> Iterator[GateFinding]:
        stated = {claim.fact for claim in change.opened}
        justifications = self._derivation.deriver.justifications()
        for clash in supposition.clashes(self._gate().disjoint):
            yield self._clash(clash, justifications, stated)

    def _clash(self, clash: Clash, justifications: Justifications, stated: set[Fact]) -> GateFinding:
        texts = message(self._model, "disjoint", classes=(clash.other,))
        at_fault: Fact | None = None
        for cls in (clash.defined, clash.other):
            proof = justifications.of(Fact(clash.node, RDF.type, cls))
            if proof is not None:
                at_fault = at_fault or next((fact for fact in proof.facts if fact in stated), None)
                texts = self._because(texts, cls, self._explainer.words(proof))
        return GateFinding(
            focus=clash.node,
            path=None,
            value=clash.node,
            shape=shape_iri("disjoint", clash.other),
            component=SH.NotConstraintComponent,
            severity=SH.Violation,
            messages=texts,
            fact=at_fault,
        )

    def _because(self, texts: Texts, cls: Iri, reasons: str) -> Texts:
        return {
            tag: " ".join((text, template(tag, "because").format(label=self._model.label(cls, tag), reasons=reasons)))
            for tag, text in texts.items()
        }


def _end(finding: GateFinding) -> Iri:
    """Return the end of a fact that a finding is about."""
    fact = finding.fact
    if fact is None or finding.shape == shape_iri("domain", fact.predicate):
        return str(finding.focus)
    return str(fact.object)
