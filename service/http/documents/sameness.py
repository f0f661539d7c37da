"""The form of answers about who is who: suggestions, decisions on them, and conflicts between sources."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document


class NamedAsset(Document):
    """An asset by its IRI and name."""

    iri: str
    name: str


class SuggestedMerge(Document):
    """Two assets that may be one, and why."""

    id: str
    assets: list[NamedAsset]
    reason: str
    text: str


class SuggestionList(Document):
    """What a person may decide on."""

    suggestions: list[SuggestedMerge]
    count: int = Field(description="How many there are")


class DecisionReceipt(Document):
    """What became of a suggestion."""

    id: str
    decision: str
    assets: list[NamedAsset]
    sequence: int


class ValueWitness(Document):
    """Who says a value, how they know, and since when."""

    source: str
    method: str
    first_seen: str


class WitnessedValue(Document):
    """A value with everybody who says it."""

    value: str
    witnesses: list[ValueWitness]


class ConflictFinding(Document):
    """An attribute of an asset of which sources say different things."""

    asset: NamedAsset
    attribute: str
    label: str
    values: list[WitnessedValue]


class FindingList(Document):
    """Where sources disagree."""

    findings: list[ConflictFinding]
    count: int = Field(description="How many there are")
