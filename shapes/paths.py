"""SHACL property paths: what they reach from a node, and how they are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from stratagraph.ontology.facts import Iri, Term
from stratagraph.shapes.data_graph import DataGraph

Reached = Mapping[Term, None]
"""A set of terms that keeps its order."""


class Path(Protocol):
    """A property path; two paths are equal when they are written alike."""

    def values(self, graph: DataGraph, node: Term) -> Reached:
        """Return what the path reaches from a node."""

    def sources(self, graph: DataGraph, node: Term) -> Reached:
        """Return the nodes from which the path reaches a node."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """One step over a predicate."""

    iri: Iri

    def values(self, graph: DataGraph, node: Term) -> Reached:
        return graph.objects(node, self.iri)

    def sources(self, graph: DataGraph, node: Term) -> Reached:
        return dict.fromkeys(graph.subjects(self.iri, node))

    def __str__(self) -> str:
        return f"<{self.iri}>"


@dataclass(frozen=True, slots=True)
class Inverse:
    """A path walked backwards."""

    path: Path

    def values(self, graph: DataGraph, node: Term) -> Reached:
        return self.path.sources(graph, node)

    def sources(self, graph: DataGraph, node: Term) -> Reached:
        return self.path.values(graph, node)

    def __str__(self) -> str:
        return f"^{self.path}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """One path after the other."""

    paths: tuple[Path, ...]

    def values(self, graph: DataGraph, node: Term) -> Reached:
        reached: Reached = {node: None}
        for path in self.paths:
            reached = {value: None for start in reached for value in path.values(graph, start)}
        return reached

    def sources(self, graph: DataGraph, node: Term) -> Reached:
        reached: Reached = {node: None}
        for path in reversed(self.paths):
            reached = {value: None for start in reached for value in path.sources(graph, start)}
        return reached

    def __str__(self) -> str:
        return f"({'/'.join(map(str, self.paths))})"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Any one of several paths."""

    paths: tuple[Path, ...]

    def values(self, graph: DataGraph, node: Term) -> Reached:
        return {value: None for path in self.paths for value in path.values(graph, node)}

    def sources(self, graph: DataGraph, node: Term) -> Reached:
        return {value: None for path in self.paths for value in path.sources(graph, node)}

    def __str__(self) -> str:
        return f"({'|'.join(map(str, self.paths))})"


@dataclass(frozen=True, slots=True)
class Repeated:
    """A path walked any number of times: ``*``, ``+`` or ``?``."""

    path: Path
    mark: str

    def values(self, graph: DataGraph, node: Term) -> Reached:
        return self._walk(graph, node, backwards=False)

    def sources(self, graph: DataGraph, node: Term) -> Reached:
        return self._walk(graph, node, backwards=True)

    def _walk(self, graph: DataGraph, node: Term, *, backwards: bool) -> Reached:
        step = self.path.sources if backwards else self.path.values
        if self.mark == "?":
            return {node: None, **step(graph, node)}
        # A list of our own and no recursion: chains in data are longer than Python's stack.
        reached: dict[Term, None] = {}
        frontier = [node] if self.mark == "*" else list(step(graph, node))
        while frontier:
            current = frontier.pop()
            if current not in reached:
                reached[current] = None
                frontier += step(graph, current)
        return reached

    def __str__(self) -> str:
        return f"{self.path}{self.mark}"


def is_own(path: Path) -> bool:
    """Whether the path stays within the facts of the node that it starts from."""
    if isinstance(path, Alternative):
        return all(map(is_own, path.paths))
    return isinstance(path, Predicate)
