"""Impact from an article: an obligation acts through what the estate holds under its framework's code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Influence, Iri, Literal
from stratagraph.ontology.folding import fold
from stratagraph.ontology.frameworks import bindings
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE, SG, local_name
from stratagraph.queries.names import UnknownName, resolve_name, spelled
from stratagraph.queries.store_protocols import Adjacency, TripleStore

_STRENGTH: Final = 1.0
"""An obligation is part of its law: what the law binds, it binds."""

_NOTATIONS: Final = "SELECT ?obligation ?notation WHERE { ?obligation a sg:Obligation ; skos:notation ?notation }"
_SCOPE: Final = """
SELECT ?obligation ?framework ?code ?level WHERE {
  ?obligation sg:obligationOf ?framework .
  ?framework skos:notation ?code .
  ?obligation sg:touchesLevel ?level
}
"""
_HOLDERS: Final = """
SELECT DISTINCT ?holder ?property ?text WHERE {
  { ?holder sg:frameworkCode ?text . BIND(sg:frameworkCode AS ?property) }
  UNION
  { ?holder a sg:Regulation . VALUES ?property { sg:name rdfs:label skos:altLabel } ?holder ?property ?text }
  ?holder a sg:Asset
}
"""
"""How the laws, standards and policies of the estate are called: any by its code, laws and standards by name too."""


class FrameworkNotInEstate(StratagraphError, slug="framework-not-in-estate", status=404):
    """An obligation was asked about whose framework nothing in the estate stands for."""

    text = (
        "{obligation} cannot be followed into the estate: no law, standard or policy in it is known as {framework!r}, "
        "by its framework code or its name. Add one, and state what it governs."
    )

    obligation: str
    framework: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationReach:
    """How an obligation enters the estate: by which assets, and which levels it is about."""

    obligation: Iri
    levels: frozenset[Iri]
    edges: tuple[Influence, ...]

    def keeps(self, asset: Iri, level: Iri | None) -> bool:
        """Say whether an affected asset belongs in the answer: of the obligation's levels, or where it enters."""
        return level in self.levels or any(edge.influenced == asset for edge in self.edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class FromObligation:
    """Influence edges with one obligation above them; implements ``Adjacency``."""

    below: Adjacency
    scope: ObligationReach

    @property
    def sequence(self) -> int:
        """The ledger sequence that answers are computed at."""
        return self.below.sequence

    def influences_from(self, node: Iri) -> Sequence[Influence]:
        """Return the edges that leave a node: those of the scope for the obligation."""
        return self.scope.edges if node == self.scope.obligation else self.below.influences_from(node)

    def influences_to(self, node: Iri) -> Sequence[Influence]:
        """Return the edges that reach a node; an obligation is not influenced by anything."""
        return self.below.influences_to(node)


def resolve_start(store: TripleStore, model: OntologyModel, text: str, base: Iri = ASSET_BASE) -> Iri:
    """Return the asset that a person means, else the obligation: by notation, IRI or CURIE, case ignored.

    Raises:
        AmbiguousName: several assets answer to the text.
        UnknownName: neither an asset nor an obligation does; the nearest of both are named.
    """
    try:
        return resolve_name(store, model, text, base)
    except UnknownName as unknown:
        known = _notations(store)
        wanted = fold(text)
        for spelling in (wanted, *map(fold, spelled(model, text))):
            if spelling in known:
                return known[spelling][0]
        close = tuple(known[key][1] for key in get_close_matches(wanted, known, cutoff=0.75))
        raise UnknownName(kind=unknown.kind, name=text, suggestions=unknown.suggestions + close) from None


def _notations(store: TripleStore) -> dict[str, tuple[Iri, str]]:
    """Return every obligation with its notation, by each folded spelling."""
    known: dict[str, tuple[Iri, str]] = {}
    for row in store.select(_NOTATIONS):
        iri, notation = row["obligation"], row["notation"]
        if isinstance(iri, str) and isinstance(notation, Literal):
            known[fold(notation.value)] = known[fold(iri)] = (iri, notation.value)
    return known


def scope_of(store: TripleStore, model: OntologyModel, node: Iri) -> ObligationReach | None:
    """Return how an obligation enters the estate; None where the node is none.

    Raises:
        FrameworkNotInEstate: nothing in the estate is known as its framework.
    """
    rows = store.select(_SCOPE, {"obligation": node})
    if not rows:
        return None
    framework, code = str(rows[0]["framework"]), rows[0]["code"]
    assert isinstance(code, Literal)  # a notation is a literal, by the ontology
    held = _held(store, model, framework)
    if not held:
        raise FrameworkNotInEstate(obligation=f"{local_name(node)} ({model.label(node)})", framework=code.value)
    part = Fact(node, SG.obligationOf, framework)
    return ObligationReach(
        obligation=node,
        levels=frozenset(str(row["level"]) for row in rows),
        edges=tuple(_edge(model, part, fact) for fact in held),
    )


def _held(store: TripleStore, model: OntologyModel, framework: Iri) -> list[Fact]:
    """Return, for each asset that stands for a framework, the fact by which it is known as that."""
    called: dict[Iri, list[Fact]] = defaultdict(list)
    for row in store.select(_HOLDERS):
        holder, predicate, text = row["holder"], row["property"], row["text"]
        if isinstance(holder, str) and isinstance(predicate, str) and isinstance(text, Literal):
            called[holder].append(Fact(holder, predicate, text))
    known = bindings(model)
    found = []
    for holder in sorted(called):
        # The code first: it is the better evidence of what a law is.
        facts = sorted(called[holder], key=lambda fact: (fact.predicate != SG.frameworkCode, str(fact)))
        codes = [_text(fact) for fact in facts if fact.predicate == SG.frameworkCode]
        names = [_text(fact) for fact in facts if fact.predicate != SG.frameworkCode]
        if framework in known.recognise(codes, names):
            found.append(next(f for f in facts if framework in known.recognise([_text(f)], ())))
    return found


def _text(fact: Fact) -> str:
    return fact.object.value if isinstance(fact.object, Literal) else fact.object


def _edge(model: OntologyModel, part: Fact, held: Fact) -> Influence:
    """Return the edge from an obligation to an asset of its framework, in the manners that governing has."""
    manners = sorted({m for way in model.relations[SG.governs].transmissions if way.forward for m in way.manners})
    return Influence(
        influencer=part.subject,
        influenced=held.subject,
        strengths=dict.fromkeys(manners, _STRENGTH),
        reasons=dict.fromkeys(manners, (part, held)),
    )
