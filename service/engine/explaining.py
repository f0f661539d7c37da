"""Why something in the graph was inferred: asked of the deriver, which knows the newest sequence alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

from stratagraph.ontology.extension.axiom_places import AxiomPlaces
from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.reasoning.axioms import AxiomWriter
from stratagraph.ontology.reasoning.shortest import Proof
from stratagraph.service.engine.derivation import Derivation

AT_A_TIME: Final = 50
"""Facts explained before others get their turn at the deriver."""
LOCK_SECONDS: Final = 0.25
"""Seconds that a reader waits for the deriver: most changes take less, and more is noticed."""


class Explainer:
    """Finds proofs, and writes the axioms that they rest on with their module and line."""

    def __init__(self, model: OntologyModel, places: AxiomPlaces, derivation: Derivation) -> None:
        self._model = model
        self._places = places
        self._derivation = derivation

    def proofs(self, sequence: int, facts: Sequence[Fact]) -> list[Proof | None] | None:
        """Return a proof of each fact, None where it has none that is short; nothing when the graph has moved on."""
        found: list[Proof | None] = []
        justifications = None
        for at in range(0, len(facts), AT_A_TIME):
            if not self._derivation.lock.acquire(timeout=LOCK_SECONDS):
                return None
            try:
                deriver = self._derivation.deriver
                if not self._derivation.is_sound or deriver.sequence != sequence:
                    return None
                justifications = justifications or deriver.justifications()
                found += map(justifications.of, facts[at : at + AT_A_TIME])
            finally:
                self._derivation.lock.release()
        return found

    def axioms(self, proof: Proof) -> list[dict[str, Any]]:
        """Return the axioms of a proof as plain data, those of the core without a place."""
        writer = self._writer
        found: dict[str, dict[str, Any]] = {}
        for axiom in writer.whole(proof.axioms):
            place = self._places.of(axiom, writer.names(axiom))
            text = writer.axiom(axiom)
            found.setdefault(
                text,
                {
                    "text": text,
                    "module": place.module if place else None,
                    "line": place.line or None if place else None,
                },
            )
        return list(found.values())

    def words(self, proof: Proof) -> str:
        """Return a proof in one line, in names that no language changes."""
        axioms = (
            f"{each['text']} ({each['module']}:{each['line']})" if each["module"] else str(each["text"])
            for each in self.axioms(proof)
        )
        return "; ".join((*map(self._writer.line, proof.facts), *axioms))

    @cached_property
    def _writer(self) -> AxiomWriter:
        return AxiomWriter(self._model.graph)
