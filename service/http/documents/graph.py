"""The form of answers about the graph: levels, assets, search."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from stratagraph.service.http.documents.document import Document
from stratagraph.service.http.documents.health import AssetHealth

BECAUSE: Final = "Why it was inferred; null where it is stated, or where the reason has too many parts to be told"


class Card(Document):
    """What is shown of an asset wherever it is mentioned."""

    iri: str
    name: str
    label: str
    cls: str | None = Field(alias="class", description="IRI of the most specific class")
    class_label: str | None
    level: str | None = Field(description="L1 to L12, or transversal")
    level_label: str | None


class LevelAudit(Document):
    """The audit that verdicts are taken from."""

    sequence: int
    time: str
    current: bool = Field(description="Whether nothing was committed since")


class Level(Document):
    """A level with the number of its assets and its verdicts; the last one holds what belongs to no level."""

    level: str
    number: int | None
    label: str
    definition: str | None
    group: str | None
    count: int = Field(ge=0)
    worst: str | None = Field(description="The verdict that needs attention first")
    counts: dict[str, int] = Field(description="Number of verdicts by outcome, of the last audit")
    audit: LevelAudit | None = Field(description="The last audit; null where there is none that holds still")
    audit_coming: bool = Field(description="Whether an audit of the newest sequence is being made")


class AssetPage(Document):
    """A page of assets in the order of their IRIs."""

    sequence: int
    assets: list[Card]
    next: str | None = Field(description="What to send as 'after' for the next page; null on the last one")


class SearchResults(Document):
    """Assets whose name or label fits, the best first."""

    sequence: int
    results: list[Card]


class Claims(Document):
    """Who says a statement, how they know, and when it was first and last seen."""

    sources: list[str]
    methods: list[str]
    first_seen: str | None
    last_seen: str | None


class Premise(Document):
    """A fact that something was inferred from."""

    subject: str
    predicate: str
    object: str
    text: str = Field(description="The fact as a sentence")


class Axiom(Document):
    """What the ontology says that something was inferred by."""

    text: str = Field(description="Names as CURIEs, class expressions in Manchester syntax")
    module: str | None = Field(description="The file of the extension that says it; null for the core's")
    line: int | None = Field(description="Its line there, from 1; null where it was not found")


class Because(Document):
    """One shortest reason for what was inferred: these facts entail it by these axioms."""

    facts: list[Premise]
    axioms: list[Axiom]
    text: str = Field(description="Facts and axioms in one line")


class AssetClass(Document):
    """A class of an asset."""

    iri: str
    label: str
    inferred: bool
    by_definition: bool = Field(description="Whether it was inferred from more than that a stated class lies below it")
    claims: Claims | None = Field(description="null where the class was inferred")
    because: Because | None = Field(default=None, description=BECAUSE)


class Attribute(Document):
    """A value that is stated of an asset, or follows."""

    property: str
    label: str
    value: str
    datatype: str
    language: str | None
    value_label: str | None = Field(description="What a value that is a code is called, such as in-force")
    inferred: bool
    claims: Claims = Field(description="Empty where the value was inferred, or is the ontology's own")
    because: Because | None = Field(default=None, description=BECAUSE)


class Relation(Document):
    """A relation of an asset to another one."""

    property: str
    label: str
    asset: Card
    term: str | None = Field(description="What the ontology calls the other end, where that is a term and no asset")
    inferred: bool
    claims: Claims | None = Field(description="null where the relation was inferred")
    because: Because | None = Field(default=None, description=BECAUSE)


class Relations(Document):
    """The relations of an asset, by its end."""

    out: list[Relation]
    into: list[Relation] = Field(alias="in")


class NewestObservation(Document):
    """The newest window of one metric; a figure that is unknown is null."""

    metric: str | None
    label: str | None
    unit: str | None
    window_start: str | None
    window_end: str | None
    measured: bool
    sources: list[str]
    count: float | None
    sum: float | None
    min: float | None
    max: float | None
    mean: float | None
    p50: float | None
    p95: float | None


class AssetDescription(Card):
    """Everything about one asset, with who says so."""

    sequence: int
    types: list[AssetClass]
    merged_from: list[str] = Field(description="IRIs of the assets that are stated to be this one")
    near_misses: list[dict[str, object]] = Field(description="Assets that may be this one, and what to write then")
    attributes: list[Attribute]
    relations: Relations
    observations: list[NewestObservation]
    health: AssetHealth | None = Field(description="How it is beside its own past; null where nothing was observed")
    partial: bool = Field(
        default=False, description="Whether near misses and reasons are left out, for the graph is changing"
    )
    partial_reason: str | None = None


class CypherAnswer(Document):
    """Columns and rows; nodes, relationships, paths and points are objects with ``_type``."""

    columns: list[str]
    rows: list[list[object]]
    partial: bool
    reason: str | None = Field(default=None, description="Why the answer was cut, where it was")
