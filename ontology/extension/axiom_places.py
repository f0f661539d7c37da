"""Where an axiom of a user's modules stands: its module and line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from stratagraph.ontology.extension.extension_files import Module
from stratagraph.ontology.extension.places import line_of, line_of_axiom
from stratagraph.ontology.facts import Fact, Iri


class AxiomPlace(NamedTuple):
    """A module by its name, and a line that counts from 1; 0 where it was not found in the text."""

    module: str
    line: int


class AxiomPlaces:
    """Looks axioms up in the modules in use, as they were read."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self._modules = [(module.name, frozenset(module.facts), module.text) for module in modules]

    def of(self, axiom: Fact, names: Iterable[Iri]) -> AxiomPlace | None:
        """Return where an axiom stands that is made of these names; None for one of the core's."""
        for module, facts, text in self._modules:
            if axiom in facts:
                return AxiomPlace(module, line_of_axiom(text, axiom, names) or line_of(text, axiom.subject))
        return None
