"""The form of what an answer about the past says of itself."""

from __future__ import annotations

from stratagraph.service.http.documents.document import Document


class OntologyThen(Document):
    """Hashes of the ontology that was in force, and of the one that the answer was made with."""

    then: str
    used: str


class AsOfRemark(Document):
    """The moment that an answer about the past is about, and what it lacks."""

    sequence: int
    time: str
    ontology: OntologyThen
    redacted: int
    notes: list[str]
