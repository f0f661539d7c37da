"""How terms of the ontology are written in a query language, and what is written of a statement there."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final, Protocol

from stratagraph.ontology.facts import Iri
from stratagraph.ontology.namespaces import compact

_CURIE: Final = re.compile(r"[a-z]+:\w(?:[\w-]*\w)?", re.ASCII)
"""What is both one of our CURIEs and a name that SPARQL reads without escapes."""


class Language(StrEnum):
    """A language that the graph is asked in."""

    CYPHER = "cypher"
    SPARQL = "sparql"


class Naming(Protocol):
    """The names of terms in one language."""

    language: Language

    def kind(self, iri: Iri) -> str:
        """Return how things of a class are named."""

    def attribute(self, iri: Iri, languages: Collection[str]) -> str:
        """Return the name of an attribute, whose values are of these languages."""

    def relation(self, iri: Iri) -> str:
        """Return the name of a relation."""

    def is_turned(self, iri: Iri) -> bool:
        """Tell whether a relation is written from object to subject, under the name of its inverse."""

    def paths(self, relations: Collection[Iri]) -> list[str]:
        """Return patterns for what follows from some relations and stands nowhere: none where it can be asked for."""

    def metric(self, iri: Iri) -> str:
        """Return how a metric is named."""

    def metric_key(self, iri: Iri) -> str | None:
        """Return what a relation itself says its newest value of a metric by; None where it says none."""

    def term(self, iri: Iri) -> str:
        """Return how another thing is named that the ontology knows."""


class SparqlNaming:
    """Names as CURIEs; of what no prefix covers, or no CURIE can spell, the IRI as queries write it."""

    language = Language.SPARQL

    def kind(self, iri: Iri) -> str:
        """Return the CURIE of a class."""
        name = compact(iri)
        return name if _CURIE.fullmatch(name) else f"<{iri}>"

    relation = metric = term = kind

    def attribute(self, iri: Iri, languages: Collection[str]) -> str:  # noqa: ARG002  the protocol's
        """Return the CURIE of an attribute."""
        return self.kind(iri)

    def metric_key(self, iri: Iri) -> None:
        """Tell that observations alone hold what is measured."""

    def paths(self, relations: Collection[Iri]) -> list[str]:  # noqa: ARG002  the protocol's
        """Return none: what follows is in the graph."""
        return []

    def is_turned(self, iri: Iri) -> bool:  # noqa: ARG002  the protocol's
        """Tell that every relation can be asked as it was stated."""
        return False
