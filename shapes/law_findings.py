"""What the gate says of laws: whether the rules can tell which framework a law is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import RDFS, SG, SH, SHAPE_BASE, SKOS
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.finding import GateFinding
from stratagraph.shapes.message_texts import LANGUAGES, template

_SHAPE: Final = f"{SHAPE_BASE}framework-code"
_NAMES: Final = (SG.name, RDFS.label, SKOS.altLabel)


class FrameworkCheck:
    """Warns of laws that the rules would not know, while whoever names them still looks."""

    def __init__(self, model: OntologyModel) -> None:
        self._bindings = bindings(model)

    def check(self, facts: Iterable[Fact], laws: Iterable[Iri], graph: DataGraph) -> Iterator[GateFinding]:
        """Yield a warning for each code that is no framework's or is spelled otherwise, and each law without any."""
        for fact in facts:
            if fact.predicate == SG.frameworkCode and isinstance(fact.object, Literal):
                yield from self._code(fact, fact.object.value)
        for law in laws:
            # In the batch and the ledger together, for another source may have stated the code.
            if not graph.objects(law, SG.frameworkCode):
                names = [name for predicate in _NAMES for name in _texts(graph, law, predicate)]
                if not self._bindings.recognise((), names):
                    yield self._finding("framework-unknown", law, None, names)

    def _code(self, fact: Fact, code: str) -> Iterator[GateFinding]:
        found = self._bindings.recognise((code,), ())
        codes = {self._bindings.known[iri].code for iri in found}
        if not found:
            yield self._finding("framework-code", fact.subject, fact.object, (code,))
        elif code not in codes and SG.RegulatoryFramework in {self._bindings.known[iri].kind for iri in found}:
            yield self._finding("framework-spelling", fact.subject, fact.object, (min(codes),))

    def _finding(self, kind: str, node: Iri, value: Term | None, texts: Iterable[str]) -> GateFinding:
        nearest = self._bindings.nearest(texts, SG.RegulatoryFramework)
        codes = ", ".join(self._bindings.codes(SG.RegulatoryFramework))
        return GateFinding(
            focus=node,
            path=SG.frameworkCode,
            value=value,
            shape=_SHAPE,
            component=SH.InConstraintComponent,
            severity=SH.Warning,
            messages={
                language: template(language, kind if nearest else f"{kind}-far").format(nearest=nearest, codes=codes)
                for language in LANGUAGES
            },
        )


def _texts(graph: DataGraph, node: Iri, predicate: Iri) -> list[str]:
    return [value.value for value in graph.objects(node, predicate) if isinstance(value, Literal)]
