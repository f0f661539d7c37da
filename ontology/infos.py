"""What the ontology says about each kind of term, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from stratagraph.ontology.facts import Iri

Chain: TypeAlias = tuple[Iri, ...]
"""A property chain: its links in order, then the property that they imply."""


class Sign(IntEnum):
    """Whether what gets better at one end of a transmission gets better at the other; signs of a path multiply."""

    OPPOSITE = -1
    UNKNOWN = 0
    SAME = 1


class Course(IntEnum):
    """Whether something gets better or worse; a sign times a course is a course."""

    WORSENS = -1
    UNKNOWN = 0
    IMPROVES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassInfo:
    """A class. ``ancestors`` are its named super-classes and itself; level and key are inherited.

    ``kind`` is the nearest ancestor that declares the key: the first part of the IRIs of its individuals; the
    class itself where there is no key.
    """

    iri: Iri
    ancestors: frozenset[Iri]
    level: Iri | None
    key_properties: tuple[Iri, ...]
    kind: Iri


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """A way in which influence runs along ``relation``: ``forward`` from subject to object, else backward.

    ``templates`` maps a lower-case language tag to a sentence with ``{subject}``, ``{object}`` and ``{aspect}``.
    It is empty where the sentence was written for another relation than the one that states the transmission.
    ``manners`` are its aspects in its mode. What many parts show in one whole by a transmission that ``gathers`` does
    not go on by one that ``spreads``.
    """

    iri: Iri
    relation: Iri
    forward: bool
    mode: Iri
    aspects: frozenset[Iri]
    manners: frozenset[Iri]
    sign: Sign
    gathers: bool
    spreads: bool
    strength: float
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationInfo:
    """An object property. ``domain`` and ``range`` are the members of a union; empty means anything.

    ``characteristics`` are lower-case words such as "transitive". ``transmissions`` are those in force: the
    relation's own; where it has none, those of its inverse, turned round; else those of its nearest super-property.
    """

    iri: Iri
    domain: frozenset[Iri]
    range: frozenset[Iri]
    inverse: Iri | None
    ancestors: frozenset[Iri]
    characteristics: frozenset[str]
    transmissions: tuple[Transmission, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeInfo:
    """A datatype property. ``unit`` is a UCUM code or a unit in braces, empty where its values have none."""

    iri: Iri
    domain: frozenset[Iri]
    datatype: Iri | None
    single_valued: bool
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelInfo:
    """One of the twelve levels: number 1 to 12, notation "L4"."""

    iri: Iri
    number: int
    group: Iri
    notation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AspectInfo:
    """An aspect of influence."""

    iri: Iri
    notation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeInfo:
    """A mode of influence."""

    iri: Iri
    notation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MannerInfo:
    """An aspect in a mode, with the properties that state an influence, its strength, and whether it was measured.

    ``turns_into`` is what a load becomes at the resource that it falls on; None where it ends there.
    """

    iri: Iri
    aspect: Iri
    mode: Iri
    influence_property: Iri
    strength_property: Iri
    measured_property: Iri
    turns_into: Iri | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient:
    """What a metric divides: the sum of ``dividends``, by one of the others, or by the number of their own values.

    ``per_known``: only as far as the dividend is known of it. ``per_attributes`` are of the asset that is measured.
    ``complement_of``: what the metric is left over from one.
    """

    dividends: tuple[Iri, ...] = ()
    divisor: Iri | None = None
    per_known: Iri | None = None
    per_attributes: tuple[Iri, ...] = ()
    complement_of: Iri | None = None

    def parts(self) -> frozenset[Iri]:
        """Return the metrics that it follows from."""
        named = (*self.dividends, self.divisor, self.per_known, self.complement_of)
        return frozenset(part for part in named if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricInfo:
    """A metric. ``unit`` is a UCUM code or a unit in braces; ``better`` is "higher", "lower" or unknown.

    ``quotient`` says what it follows from; None where sources state it. ``baseline`` is the figure that is
    compared with its own past: "amount", "p95" or "ratio".
    """

    iri: Iri
    notation: str
    unit: str
    aspect: Iri | None
    better: str | None
    quotient: Quotient | None = None
    baseline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowInfo:
    """A flow: the levels of each step in order. A step of several levels branches off from the step before."""

    iri: Iri
    steps: tuple[frozenset[Iri], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKindInfo:
    """A kind of change: what it touches and how, the levels it starts at, the flows it sets off.

    ``acts`` are the manners in which it begins, each with its course at the start.
    """

    iri: Iri
    notation: str
    acts: Mapping[Iri, Course]
    aspects: frozenset[Iri]
    levels: frozenset[Iri]
    flows: tuple[FlowInfo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistStep:
    """Something to do at a level after a change that reaches it in the aspect; its label is the text."""

    iri: Iri
    change: Iri
    level: Iri
    aspect: Iri
    order: int
