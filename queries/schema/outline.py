"""What an estate consists of, counted: kinds, what is said of them, how they are related, what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stratagraph.ontology.facts import Iri, Literal


@dataclass(slots=True)
class AttributeUse:
    """How one attribute is used on the things of one kind.

    ``values`` are all that occur, each with how often; None where they are too many to be told.
    """

    count: int = 0
    """Statements with it, of all things together."""
    holders: int = 0
    """Things that have it."""
    values: dict[Literal, int] | None = field(default_factory=dict)
    languages: set[str] = field(default_factory=set)
    """Tags of its values, "" for those without any."""


@dataclass(slots=True)
class RelationUse:
    """How one relation is used between the things of two kinds.

    ``values`` are the terms of the ontology that it leads to, each with how often; None where they are too many.
    """

    count: int = 0
    declared: int = 0
    observed: int = 0
    values: dict[Iri, int] | None = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """An estate at one sequence; of one that never rests, some of what came while it was counted is in it too.

    A kind is the most specific class of a thing; of two it is the first by name.
    What only the ontology states is no part of it, but relations and metrics may lead there.
    """

    sequence: int
    kinds: Mapping[Iri, int]
    attributes: Mapping[tuple[Iri, Iri], AttributeUse]
    """By kind and attribute."""
    relations: Mapping[tuple[Iri, Iri, Iri], RelationUse]
    """By the kind of the subject, the relation, and the kind of the object."""
    metrics: Mapping[tuple[Iri, Iri], int]
    """By metric and the kind of thing, or the relation, that it is measured on: how many have a newest observation."""
