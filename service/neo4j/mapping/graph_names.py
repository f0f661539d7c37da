"""What terms are called in Neo4j: labels, relationship types, property keys; and which keys are lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from stratagraph.ontology.facts import Iri, Literal
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import PREFIXES, RDF, RDFS, SG, local_name
from stratagraph.service.neo4j.mapping.directions import Directions
from stratagraph.service.neo4j.mapping.identifiers import APART, Register, as_it_is, in_capitals, upper_snake

KEY: Final = "iri"
"""The property that identifies a node, unique together with the marker."""
MARKER: Final = "stratagraph"
"""The property, always true, of every node of ours; what lacks it belongs to another application."""
LABEL: Final = "label"
"""The one text that a node is called by: in English, else in any language, else its name, else the end of its IRI."""
OWL_TYPES: Final = "owlTypes"
"""What a term of the ontology is, in the words of OWL: a list of local names."""
LEVEL_NUMBER: Final = "levelNumber"
WRITTEN: Final = APART + "written"
"""Suffix of the property with the exact writings, as N-Triples, where they can't be told from the value."""
UNTAGGED: Final = LABEL + APART + "untagged"
"""Labels without a language, which would take the place of the one label."""

ASSET: Final = "Asset"
"""Label of everything that the estate is made of, and of nothing else."""
RESOURCE: Final = "Resource"
"""Label of what data speak of that is neither an asset nor a term of the vocabulary."""
TERM: Final = "OntologyTerm"
"""Label of classes, relations and attributes."""
WATERMARK: Final = "Watermark"
VERDICT: Final = "Verdict"
"""Kept for the newest verdict of an asset and an obligation: ``status``, ``date``, ``rule``."""

HAS_LEVEL: Final = "HAS_LEVEL"
"""From an asset to the level that its class lies on."""
PRICE_OF: Final = "PRICE_OF"
"""From a price to the model that it is the price of, where that is known."""
JUDGED: Final = "VERDICT_ON"
"""Kept: from a verdict to the asset."""
JUDGED_BY: Final = "VERDICT_BY"
"""Kept: from a verdict to the obligation."""

SOURCES: Final = "sources"
FIRST_SEEN: Final = "firstSeen"
DECLARED: Final = "declared"
OBSERVED: Final = "observed"
STRENGTH: Final = "strength"
MEASURED: Final = "measured"
REASONS: Final = "reasons"

_RESERVED: Final = (KEY, MARKER, OWL_TYPES)
_LANGUAGE: Final = APART + "in_"


class Names:
    """A declared term goes by its local name; any other by its prefix and local name, else by that and a hash.

    No two terms share a name, and each is an identifier: ``[A-Za-z_][A-Za-z0-9_]*``.
    """

    def __init__(self, model: OntologyModel) -> None:
        """Give the declared terms their names."""
        self._model = model
        types = {fact.object for fact in model.triples if fact.predicate == RDF.type and isinstance(fact.object, str)}
        predicates = {fact.predicate for fact in model.triples} | set(model.relations) | set(model.attributes)
        labels = {RESOURCE, TERM, WATERMARK, VERDICT} - set(map(local_name, model.classes))
        self._labels = Register({*model.classes, *types}, str, as_it_is, labels)
        types_taken = {HAS_LEVEL, PRICE_OF, JUDGED, JUDGED_BY}
        self._types = Register(predicates, upper_snake, in_capitals, types_taken)
        self._keys = Register(predicates, str, as_it_is, _RESERVED)
        self.directions = Directions(model)

    def label(self, cls: Iri) -> str:
        """Return the label of a class's individuals."""
        return self._labels[cls]

    def type(self, relation: Iri) -> str:
        """Return the type of a relation's relationships, which are written in its primary direction."""
        return self._types[self.directions.of(relation).relation]

    def key(self, attribute: Iri, language: str = "") -> str:
        """Return the property key of an attribute's values; a language goes into the name.

        No two of attribute and language share a key: where the usual one can be read in another way too, which depends
        on the declared attributes and the attribute's own name alone, the language is set apart.
        """
        name = self._keys[attribute]
        tag = language.lower().replace("-", "_")
        if not tag:
            return UNTAGGED if attribute == RDFS.label else name
        usual = f"{name}_{tag}"
        return f"{name}{_LANGUAGE}{tag}" if self._is_ambiguous(usual, name) else usual

    @cached_property
    def affects(self) -> Mapping[Iri, str]:
        """The type of relationship that tells an influence, by manner: ``AFFECTS_COST``, ``REQUIRES_PRIVACY``."""
        return {manner: self.type(info.influence_property) for manner, info in self._model.manners.items()}

    def is_list(self, attribute: Iri) -> bool:
        """Say whether an attribute may hold several values, and so is a list with one value too.

        A single value is declared; of annotations, which declare nothing, those are single that the ontology itself
        never states twice of one term.
        """
        info = self._model.attributes.get(attribute)
        return not (info.single_valued if info else attribute in self._stated_once)

    def datatype(self, attribute: Iri) -> Iri | None:
        """Return the datatype that an attribute declares."""
        info = self._model.attributes.get(attribute)
        return info.datatype if info else None

    def is_text(self, attribute: Iri) -> bool:
        """Say whether values are always texts: no datatype is declared, and the ontology uses several."""
        return self.datatype(attribute) is None and attribute in self._mixed

    @cached_property
    def _mixed(self) -> frozenset[Iri]:
        pairs = {
            (fact.predicate, fact.object.datatype) for fact in self._model.triples if isinstance(fact.object, Literal)
        }
        kinds = Counter(predicate for predicate, _ in pairs)
        return frozenset(predicate for predicate, count in kinds.items() if count > 1)

    @cached_property
    def _stated_once(self) -> frozenset[Iri]:
        stated = Counter(
            (fact.subject, fact.predicate, fact.object.language.lower())
            for fact in self._model.triples
            if isinstance(fact.object, Literal)
        )
        often = {predicate for (_, predicate, _), times in stated.items() if times > 1}
        return frozenset({predicate for _, predicate, _ in stated} - often) | {RDFS.label}

    def _is_ambiguous(self, key: str, name: str) -> bool:
        """Say whether a key is, or begins like, another attribute's, which may have a language of its own."""
        # An attribute called like a prefix would write a language where others have their local name.
        if name in PREFIXES:
            return True
        ends = (found.start() for found in re.finditer("_", key))
        return any(other != name and other in self._keys.names for other in (key, *(key[:end] for end in ends)))


ABOUT_OBSERVATIONS: Final = frozenset({SG.Observation, SG.Scope, SG.Statement})
"""Classes of what is known about the graph itself."""


def weight_key(metric: Iri) -> str:
    """Return the property of a relationship that holds its newest value of a metric."""
    return local_name(metric)
