"""Who states a triple: what the default graph says of the named graphs in which the triple stands once more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from stratagraph.ontology.facts import Iri, Term
from stratagraph.ontology.namespaces import SG
from stratagraph.ontology.terms import encode
from stratagraph.queries.store_protocols import TripleStore

CHUNK: Final = 500
"""Graphs that one query asks about."""

# The graphs stand in each branch: joined from outside, a branch would be looked through whole first.
_DESCRIBED: Final = """
SELECT ?claims ?property ?value WHERE {{
  {{ VALUES ?claims {{ {graphs} }} ?claims ?property ?value }}
  UNION
  {{ VALUES ?claims {{ {graphs} }} ?claims sg:seenIn ?scope . ?scope sg:lastSeen ?value
     BIND(sg:lastSeen AS ?property) }}
}}
"""

Properties = Mapping[Iri, list[Term]]


class Provenance:
    """What is said of sets of claims, asked once each: a run's triples have one in common."""

    def __init__(self, store: TripleStore) -> None:
        self._store = store
        self._known: dict[Iri, Properties | None] = {}

    def fetch(self, graphs: Iterable[Iri]) -> None:
        """Look up what is not known yet."""
        wanted = iter(dict.fromkeys(graph for graph in graphs if graph not in self._known))
        while chunk := tuple(islice(wanted, CHUNK)):
            found: dict[Iri, dict[Iri, list[Term]]] = {graph: defaultdict(list) for graph in chunk}
            for row in self._store.select(_DESCRIBED.format(graphs=" ".join(map(encode, chunk)))):
                graph, prop, value = row["claims"], row["property"], row["value"]
                if isinstance(graph, str) and isinstance(prop, str) and value is not None:
                    found[graph][prop].append(value)
            # A graph of something else, such as of influences, has no source.
            self._known.update({graph: said if SG.source in said else None for graph, said in found.items()})

    def __getitem__(self, graph: Iri) -> Properties | None:
        """Return source, method, first and last seen of a graph that was fetched; None where it tells of no claims."""
        return self._known[graph]

    def told(self, graphs: Iterable[Iri]) -> Iterator[Properties]:
        """Yield what is said of those of the graphs that tell of claims."""
        return filter(None, map(self._known.__getitem__, graphs))
