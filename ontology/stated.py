"""What modules state: by module, all together, and indexed; each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.graph import Graph
from stratagraph.ontology.terms import encode

Modules = Mapping[str, tuple[Fact, ...]]


class Stated:
    """The facts of some modules. Much of the product needs only what was made of them, and never these."""

    def __init__(self, read: Callable[[], Modules]) -> None:
        """Know how to read the modules."""
        self._read = read

    def __reduce__(self) -> tuple[type[Stated], tuple[_Known]]:
        """Travel to another process as the modules themselves, however they were read here."""
        return Stated, (_Known(dict(self.modules)),)

    @cached_property
    def modules(self) -> Modules:
        """The facts of each module by its name."""
        return self._read()

    @cached_property
    def triples(self) -> tuple[Fact, ...]:
        """All facts, each once."""
        return tuple(dict.fromkeys(fact for facts in self.modules.values() for fact in facts))

    @cached_property
    def graph(self) -> Graph:
        """All facts, indexed."""
        return Graph(self.triples)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """All facts as lines of N-Triples, in alphabetical order."""
        return tuple(sorted(map(_line, self.triples)))

    def extended(self, modules: Modules) -> Stated:
        """Return these facts with those of further modules."""
        known = frozenset(self.triples)
        further = tuple(dict.fromkeys(fact for facts in modules.values() for fact in facts if fact not in known))
        together = Stated(lambda: {**self.modules, **modules})
        # What was made of these facts is taken over: only the further ones are work.
        together.triples = (*self.triples, *further)
        together.graph = self.graph.extended(further)
        together.lines = tuple(sorted((*self.lines, *map(_line, further))))
        return together


class _Known:
    """Gives modules that are there already."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules

    def __call__(self) -> Modules:
        return self._modules


def _line(fact: Fact) -> str:
    return f"{encode(fact.subject)} {encode(fact.predicate)} {encode(fact.object)} ."
