"""Which living sources there are, and how each is doing: kept in the ledger's database, for all who share it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import orjson

from stratagraph.service.ledger.errors import MarksMoved
from stratagraph.service.sources.errors import (
    BadSource,
    CommandsNotAllowed,
    SourceConfigured,
    SourceKnown,
    UnknownSource,
)
from stratagraph.service.sources.source import Source, source_of
from stratagraph.service.sources.source_state import SourceState

ADDED: Final = "sources"
"""Whose marks are the descriptions of the sources that were added."""
STATES: Final = "sources/state"
FENCES: Final = "sources/run"
"""The newest run of each source: the batch of another one is refused."""
MOST_SOURCES: Final = 1000
_TRIES: Final = 5


class Notes(Protocol):
    """What keeps marks: a ledger."""

    def mark(
        self, owner: str, marks: Mapping[str, bytes | None], expected: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Keep marks. Raises MarksMoved."""
        ...

    def marks(self, owner: str) -> dict[str, bytes]:
        """Return an owner's marks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LivingSource:
    """A source with its state; ``configured``: it stands in the configuration, and was not added."""

    source: Source
    state: SourceState
    configured: bool


class SourceRegister:
    """The sources of the configuration, and those that were added."""

    def __init__(self, configured: Mapping[str, Source], notes: Notes, *, commands: bool) -> None:
        """``commands``: whether a source that runs a command may be added."""
        self._configured = configured
        self._notes = notes
        self._commands = commands

    def all(self) -> list[LivingSource]:
        """Return every source, by name."""
        states = self._notes.marks(STATES)
        known = {**dict(self._added()), **self._configured}
        return [
            LivingSource(
                source=known[name], state=SourceState.load(states.get(name)), configured=name in self._configured
            )
            for name in sorted(known)
        ]

    def get(self, name: str) -> LivingSource:
        """Return a source by its name.

        Raises:
            UnknownSource: there is none.
        """
        found = next((each for each in self.all() if each.source.name == name), None)
        if found is None:
            raise UnknownSource(name=name)
        return found

    def add(self, source: Source, *, replace: bool) -> LivingSource:
        """Add a source, or put another description in its place; its state stays.

        Raises:
            BadSource, CommandsNotAllowed: it can't be so.
            SourceKnown, SourceConfigured: there is one of this name.
        """
        name = source.name
        for path in (source.path, source.query, source.mapping):
            if path is not None and not Path(path).is_absolute():
                raise BadSource(name=name, reason=f"the path '{path}' is relative, and nobody knows to what")
        self._refuse_configured(name)
        if source.command is not None and not self._commands:
            raise CommandsNotAllowed(name=name)
        before = self._notes.marks(ADDED)
        if name in before and not replace:
            raise SourceKnown(name=name)
        if len(before) >= MOST_SOURCES:
            raise BadSource(name=name, reason=f"there are {MOST_SOURCES} already")
        self._notes.mark(ADDED, {name: orjson.dumps(source.document())})
        return self.get(name)

    def remove(self, name: str) -> None:
        """Forget a source and its state; what it said stays in the graph.

        Raises:
            UnknownSource, SourceConfigured: it can't be removed.
        """
        self._refuse_configured(name)
        self.get(name)
        self._notes.mark(ADDED, {name: None})
        # What scrapes of it left is named below it.
        left = [mark for mark in self._notes.marks(FENCES) if mark == name or mark.startswith(f"{name}/")]
        self._notes.mark(FENCES, dict.fromkeys([name, *left]))
        self._notes.mark(STATES, {name: None})

    def pause(self, name: str, *, paused: bool) -> LivingSource:
        """Let a source be read no more by itself, or again.

        Raises:
            UnknownSource: there is none.
        """
        self.get(name)
        self.change(name, lambda state: state.model_copy(update={"paused": paused}))
        return self.get(name)

    def begin(self, name: str, run: str) -> SourceState:
        """Note that a run begins, which is the only one from here on whose batch is taken."""
        self._notes.mark(FENCES, {name: run.encode()})
        return self.change(name, lambda state: state.began(run))

    def change(self, name: str, change: Callable[[SourceState], SourceState]) -> SourceState:
        """Change a source's state, and return it; whoever else changes it meanwhile is not overwritten."""
        for _ in range(_TRIES):
            kept = self._notes.marks(STATES).get(name)
            after = change(SourceState.load(kept))
            with suppress(MarksMoved):
                self._notes.mark(STATES, {name: after.dump()}, {name: kept})
                return after
        raise MarksMoved(owner=STATES, mark=name)

    def _refuse_configured(self, name: str) -> None:
        if name in self._configured:
            raise SourceConfigured(name=name)

    def _added(self) -> Iterator[tuple[str, Source]]:
        for name, kept in self._notes.marks(ADDED).items():
            # What an older version let in, and this one does not, is no reason to read none of the others.
            with suppress(BadSource):
                yield name, source_of(name, {**orjson.loads(kept), "name": name})
