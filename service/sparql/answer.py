"""What comes back from a SPARQL worker, piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator

from stratagraph.service.sparql.worker_handle import SparqlWorker
from stratagraph.service.views.checkpoints import Checkpoint
from stratagraph.service.workers.run import Run


class SparqlAnswer:
    """An answer whose beginning is known to be good; must be closed, also when it was not read to its end."""

    def __init__(self, *, media_type: str, checkpoint: Checkpoint, run: Run[SparqlWorker]) -> None:
        self.media_type = media_type
        self.sequence = checkpoint.sequence
        self.note = checkpoint.note
        self.head = b""
        self.complete = False
        """Whether ``head`` is all of it."""
        self._run = run

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield the pieces behind ``head``.

        Raises:
            StratagraphError: the answer was cut; what was sent is no complete answer.
        """
        while not self.complete:
            piece = await self._run.hear()
            self.complete = piece is None
            if piece:
                yield piece

    async def read(self) -> bytes:
        """Return the whole answer, and close it.

        Raises:
            StratagraphError: the answer was cut.
        """
        try:
            return b"".join([self.head, *[piece async for piece in self.rest()]])
        finally:
            self.close()

    def close(self) -> None:
        """Free the worker; it is killed when it was not done. Closing twice is harmless."""
        self._run.end()
