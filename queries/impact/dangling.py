"""References that lead nowhere: what they pointed to has been withdrawn since.

Somebody has to state what a thing is: that its relations tell a class of it, by their domains and ranges, is no
description.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDF
from stratagraph.queries.store_protocols import TripleStore

# Portions that one query can carry, as for cards.
_CHUNK: Final = 500
_STATED: Final = """
SELECT DISTINCT ?subject ?predicate ?object ?source WHERE {{
  VALUES ?{end} {{ {nodes} }}
  GRAPH ?claims {{ ?subject ?predicate ?object }}
  ?claims sg:source ?source .
  FILTER(isIRI(?object))
  FILTER NOT EXISTS {{ GRAPH ?described {{ ?object a ?class }} }}
}}
"""


@dataclass(frozen=True, slots=True, order=True)
class DanglingReference:
    """A relation to something that nobody describes any more, as one source states it."""

    subject: Iri
    predicate: Iri
    object: Iri
    source: str


def dangling(store: TripleStore, model: OntologyModel, nodes: Iterable[Iri]) -> tuple[DanglingReference, ...]:
    """Return the references from these nodes, or to them, that lead to what nobody describes any more."""
    ordered = sorted(set(nodes))
    found = {
        reference
        for at in range(0, len(ordered), _CHUNK)
        for end in ("subject", "object")
        for reference in _stated(store, end, ordered[at : at + _CHUNK])
        # Only what a relation points to has to be described.
        if reference.predicate in model.relations and reference.object not in _of_the_ontology(model)
    }
    return tuple(sorted(found))


@lru_cache(maxsize=4)
def _of_the_ontology(model: OntologyModel) -> frozenset[Iri]:
    """Return what the ontology itself describes, which stands in no graph of claims."""
    return frozenset(fact.subject for fact in model.triples if fact.predicate == RDF.type)


def _stated(store: TripleStore, end: str, nodes: Iterable[Iri]) -> Iterator[DanglingReference]:
    query = _STATED.format(end=end, nodes=" ".join(f"<{node}>" for node in nodes))
    for row in store.select(query):
        subject, predicate, target, source = (row[name] for name in ("subject", "predicate", "object", "source"))
        if isinstance(subject, str) and isinstance(predicate, str) and isinstance(target, str):
            yield DanglingReference(
                subject, predicate, target, source.value if isinstance(source, Literal) else str(source)
            )
