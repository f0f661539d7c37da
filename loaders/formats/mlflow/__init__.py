"""MLflow's registry as its REST interface tells it: registered models and prompts, their versions, runs and data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.mlflow.answers import answers_in, is_answer, values_of
from stratagraph.loaders.formats.mlflow.registered import Registry
from stratagraph.loaders.kinds import Kind

__all__ = ["FORMAT", "MlflowAnswers"]


class MlflowAnswers:
    """The format: an answer, one with the request that it is the answer to, or a list of these."""

    kind = Kind.MLFLOW

    def recognises(self, document: Document) -> bool:
        """Tell whether a document holds answers of an MLflow server."""
        values = values_of(document)
        listed = values[0] if values and isinstance(values[0], list) else values
        return bool(listed) and all(map(is_answer, listed))

    def read(self, document: Document, description: Description) -> None:
        """State what one document says.

        Raises:
            MalformedDocument: an answer is a refusal.
        """
        self.read_together([(document, description)])

    def read_together(self, documents: Sequence[tuple[Document, Description]]) -> None:
        """State what several documents say: a run knows the data, and only a version knows what came of the run.

        Raises:
            MalformedDocument: an answer is a refusal.
        """
        registry = Registry()
        for document, description in documents:
            for answer in answers_in(document, description):
                registry.take(answer)
        registry.state()


FORMAT: Final = MlflowAnswers()
