"""The form of the schema of an estate."""

from __future__ import annotations

from pydantic import Field

from stratagraph.service.http.documents.document import Document


class Property(Document):
    """An attribute of the things of a kind."""

    name: str
    type: str = Field(description="text, number, integer, boolean, time or date")
    unit: str | None = Field(description="UCUM code of the numbers' unit; what UCUM lacks stands in braces")
    several: bool = Field(description="Whether a thing may have several values")
    everywhere: bool = Field(description="Whether nearly all things have it")
    count: int = Field(ge=0, description="Things that have it")
    values: list[str] = Field(description="Values that occur and that the ontology knows; never anything personal")


class Kind(Document):
    """The things whose most specific class is one."""

    name: str
    iri: str
    label: str
    family: str = Field(description="The class that says what they are known by: this one, or one above")
    family_definition: str
    level: str | None = Field(description="L1 to L12")
    count: int = Field(ge=0)
    definition: str
    properties: list[Property]


class Ends(Document):
    """The kinds at both ends of a relation."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    count: int = Field(ge=0)
    values: list[str] = Field(description="Terms of the ontology that it leads to")


class StatedRelation(Document):
    """A relation that is stated."""

    name: str
    label: str
    definition: str
    count: int = Field(ge=0)
    basis: list[str] = Field(description="declared, seen, or both")
    ends: list[Ends]


class Metric(Document):
    """What telemetry measures."""

    name: str
    key: str | None = Field(
        description="Property of a relationship with its newest value, in Cypher, of what is measured on relations"
    )
    unit: str | None
    definition: str
    on: list[str] = Field(description="Kinds of things, and relations, that it is measured on")


class WorkedQuery(Document):
    """A question with the query that answers it."""

    question: str
    query: str


class Schema(Document):
    """What there is to ask about."""

    sequence: int
    language: str
    lang: str
    prefixes: dict[str, str]
    assets: int = Field(ge=0, description="Things of the estate")
    kinds: list[Kind]
    relations: list[StatedRelation]
    paths: list[str] = Field(description="Patterns for what follows from relations and is not written")
    metrics: list[Metric]
    notes: list[str] = Field(description="How not to be misled")
    queries: list[WorkedQuery]
