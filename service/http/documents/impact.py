"""The form of an impact."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.graph import Card
from stratagraph.service.http.documents.past import AsOfRemark


class HopEnd(Document):
    """One end of a hop."""

    iri: str
    label: str
    level: str = Field(description="L1 to L12, or transversal")


Sign: TypeAlias = Literal["same", "opposite", "unknown"]
"""Whether what gets better at the start of a path gets better at its end."""
Course: TypeAlias = Literal["improves", "worsens", "unknown"]
"""Whether a change makes it better or worse there; of no kind of change nothing is said."""


class Statement(Document):
    """A statement that a hop rests on; of a literal, its text."""

    subject: str
    predicate: str
    object: str


class ImpactHop(Document):
    """One step of a path: what is influenced by what, how much, and why."""

    origin: HopEnd = Field(alias="from")
    to: HopEnd
    relation: str | None
    relation_label: str | None
    aspect: str | None
    aspect_label: str | None
    mode: str | None = Field(description="requirement, effect or load")
    mode_label: str | None
    strength: float = Field(ge=0, le=1)
    measured: bool
    reason: str
    facts: list[Statement]


class ImpactManner(Document):
    """How an asset is affected in one aspect and mode."""

    aspect: str | None
    mode: str | None
    hops: int
    strength: float = Field(ge=0, le=1)
    sign: Sign
    course: Course | None


class ImpactedAsset(Card):
    """An asset that a change touches, with the strongest path to it."""

    direction: str
    hops: int
    strength: float = Field(ge=0, le=1)
    aspect: str | None
    mode: str | None = Field(description="The mode in which its best path begins")
    sign: Sign
    course: Course | None
    aspects: dict[str, float] = Field(description="Strength by aspect")
    manners: list[ImpactManner] = Field(description="The same by aspect and mode")
    path: list[ImpactHop]


class ImpactedLevel(Document):
    """The touched assets of one level."""

    level: str
    label: str
    assets: list[ImpactedAsset]


class FlowBreak(Document):
    """Where a canonical flow ends, and which levels are missing there."""

    step: int
    levels: list[str]
    missing: list[str]
    text: str


class ImpactFlow(Document):
    """A canonical flow of the ontology, as far as the estate shows it."""

    iri: str
    label: str
    change: str | None
    steps: list[list[str]]
    shown: bool
    aspect: str | None
    aspects: list[str | None]
    aspect_labels: list[str]
    hops: list[ImpactHop]
    broken_at: FlowBreak | None


class ChecklistEntry(Document):
    """Something to look at for this kind of change."""

    iri: str
    change: str | None
    level: str | None
    aspect: str | None
    order: int
    text: str
    reached: bool


class ChangeChoice(Document):
    """A kind of change that one may ask for."""

    change: str
    label: str
    aspects: list[str] = Field(description="Notations of the aspects that it acts on")
    usual: bool = Field(description="Whether it starts on the asset's level, or on any")


class ImpactAnswer(Document):
    """What a change touches, level by level."""

    sequence: int
    language: str
    asset: Card
    change: str | None
    change_label: str | None
    change_note: str | None = Field(
        description="Said where this kind of change starts on other levels than the asset's"
    )
    direction: str
    aspect: str | None
    aspect_label: str | None
    aspect_labels: dict[str, str] = Field(description="What the aspects of this answer are called, by notation")
    mode: str | None
    mode_label: str | None
    mode_labels: dict[str, str] = Field(description="What the modes are called, by notation")
    changes: list[ChangeChoice]
    depth: int
    partial: bool = Field(description="Whether the answer was cut")
    partial_reason: str | None
    count: int = Field(description="Number of assets that are listed")
    fallbacks: list[Card] = Field(description="What takes over where the asset fails")
    fallback_note: str | None = Field(description="Said where nothing does, and the change stops the asset")
    levels: list[ImpactedLevel]
    flows: list[ImpactFlow]
    checklist: list[ChecklistEntry]
    as_of: AsOfRemark | None = Field(default=None, description="Only of an answer about the past")
