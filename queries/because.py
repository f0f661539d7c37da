"""The facts that something was inferred from, each as a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF
from stratagraph.queries.cards import Cards
from stratagraph.queries.messages import messages
from stratagraph.queries.store_protocols import TripleStore


class Premises:
    """Writes facts in one language, with the labels that a store has."""

    def __init__(self, store: TripleStore, model: OntologyModel, language: str) -> None:
        self._model = model
        self._language = language
        self._cards = Cards(store, model)
        self._texts = messages("assets", language)

    def documents(self, facts: Iterable[Fact]) -> list[dict[str, Any]]:
        """Return facts as plain data, each with its sentence."""
        return [
            {
                "subject": fact.subject,
                "predicate": fact.predicate,
                "object": fact.object.value if isinstance(fact.object, Literal) else fact.object,
                "text": self._sentence(fact),
            }
            for fact in facts
        ]

    def _sentence(self, fact: Fact) -> str:
        form = "fact-type" if fact.predicate == RDF.type else "fact"
        if isinstance(fact.object, Literal):
            form = "fact-value"
        return self._texts[form].format(
            subject=self._called(fact.subject), property=self._label(fact.predicate), object=self._called(fact.object)
        )

    def _called(self, term: Term) -> str:
        if isinstance(term, Literal):
            return term.value
        return self._label(term) if term in self._model.labels else self._cards[term].label(self._language)

    def _label(self, iri: Iri) -> str:
        return self._model.label(iri, self._language.lower())
