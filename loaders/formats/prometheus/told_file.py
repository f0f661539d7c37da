"""A file of what an exporter or Prometheus answered: assets and relations, and no figure, for nobody knows of when."""

from __future__ import annotations

from typing import Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.exposition import is_exposition
from stratagraph.loaders.formats.prometheus.query_answers import is_answer
from stratagraph.loaders.formats.prometheus.scrape import shown
from stratagraph.loaders.formats.prometheus.shipped import mappings
from stratagraph.loaders.kinds import Kind


class PrometheusFormat:
    """What Prometheus scrapes and answers, in a file."""

    kind = Kind.PROMETHEUS

    def recognises(self, document: Document) -> bool:
        """Tell an exposition by its types and samples, an answer by its fields."""
        try:
            return is_exposition(document.text) or (document.is_json and is_answer(document.json))
        except MalformedDocument:
            return False

    def read(self, document: Document, description: Description) -> None:
        """State what its labels name; count the samples of names that no mapping knows.

        Raises:
            MalformedDocument: it was cut, or a series of it cannot be right.
        """
        taken = shown(
            document,
            model=description.ontology,
            mappings=mappings(description.ontology),
            base=description.base,
        )
        for broken in taken.broken:
            raise MalformedDocument(file=document.name, line=broken.line, reason=f"{broken.family}: {broken.reason}")
        for scope in taken.scopes:
            description.facts.update(dict.fromkeys(scope.stated, ()))
        description.not_understood.update(taken.unread)


FORMAT: Final = PrometheusFormat()
