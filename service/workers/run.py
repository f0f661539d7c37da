"""One query on a worker process, from its turn to its end: what SPARQL and Cypher have in common."""

from __future__ import annotations

import asyncio
from typing import Generic, Protocol, TypeVar

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.workers.process import Packed, Worker

W = TypeVar("W", bound=Worker)
W_contra = TypeVar("W_contra", bound=Worker, contravariant=True)


class GiveBack(Protocol[W_contra]):
    """Takes the turn back, and the worker, if there was one; ``well``: it is ready for another query."""

    def __call__(self, worker: W_contra | None, /, *, well: bool) -> None:
        """Take them."""


class Run(Generic[W]):
    """A turn that was taken, and later the worker that answers; both are given back exactly once."""

    def __init__(self, give_back: GiveBack[W]) -> None:
        self._give_back = give_back
        self._worker: W | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._well = False
        self._ended = False

    async def begin(self, worker: W, question: Packed, seconds: float) -> None:
        """Ask; when the seconds are over, the worker is killed and the turn is over."""
        self._worker = worker
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._expire, worker)
        await worker.ask(question)

    def _expire(self, worker: W) -> None:
        """End the query from outside: the request may be stuck in sending to a client that takes nothing."""
        worker.kill(late=True)
        self._well = False
        self.end()

    async def hear(self) -> bytes | None:
        """Return the next piece, None at the end; a fault ends the query but not its worker."""
        assert self._worker is not None  # begun before it is heard
        try:
            piece = await self._worker.hear()
        except StratagraphError:
            self._well = self._worker.alive and not self._ended
            raise
        self._well = piece is None and not self._ended
        return piece

    def end(self) -> None:
        """Give turn and worker back, once."""
        if self._ended:
            return
        self._ended = True
        if self._deadline is not None:
            self._deadline.cancel()
        self._give_back(self._worker, well=self._well)
