"""How far an engine is while its data folder is opened: what can be read already, and what is still taken in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.engine.arrivals import Arrivals

_Item = TypeVar("_Item")


class Stage(StrEnum):
    """What an engine is at; each one after the other."""

    BEGUN = "begun"
    TRIPLES = "triples"
    """The triples stand at a sequence of the ledger, and can be read; the rest is taken in."""
    WHOLE = "whole"


class OpeningStopped(StratagraphError, slug="opening-stopped", status=503):
    """The service was told to end before its data were open."""

    text = "The service was told to end before its data were open. Start it again: nothing was lost."


class Opening:
    """The stage, for whoever waits for it or wants to break it off."""

    def __init__(self) -> None:
        self.stage = Stage.BEGUN
        self.restoring: tuple[str, ...] = ()
        """What is not at the ledger's end yet."""
        self._stopped = False
        self._whole = Arrivals(lambda: int(self.is_whole))

    @property
    def is_whole(self) -> bool:
        """Whether everything can be read and written."""
        return self.stage is Stage.WHOLE

    def reach(self, stage: Stage) -> None:
        """Be further."""
        self.stage = stage
        self._whole.announce()

    def restored(self, name: str) -> None:
        """Note that something is at the ledger's end."""
        self.restoring = tuple(each for each in self.restoring if each != name)

    async def whole(self, seconds: float) -> bool:
        """Wait until everything can be read and written; return whether it came to that in time."""
        return await self._whole.reached(1, seconds)

    def stop(self) -> None:
        """Break off what is being taken in: nobody will read it."""
        self._stopped = True

    def watched(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield what is taken in, until the engine is told to end.

        Raises:
            OpeningStopped: it was.
        """
        for item in items:
            if self._stopped and not self.is_whole:
                raise OpeningStopped
            yield item
