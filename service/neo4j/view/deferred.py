"""Relationships of which an end is not there yet."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import IO, Final

from stratagraph.ontology.facts import Iri
from stratagraph.service.neo4j.view.steps import ENDS, Step

DEFERRED: Final = 20_000
"""Rows that wait in memory for the other end of their relationships; more wait in a file."""


class Deferred(AbstractContextManager["Deferred"]):
    """Rows whose relationships lack an end, until all nodes are there."""

    def __init__(self) -> None:
        self._waiting: list[Step] = []
        self._count = 0
        self._file: IO[bytes] | None = None

    def __exit__(self, *_: object) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def sort(self, steps: Iterable[Step], numbers: Mapping[Iri, str]) -> Iterator[Step]:
        """Yield steps with the rows whose nodes are there, and keep the others."""
        for step in steps:
            there = [row for row in step.rows if all(row[end] in numbers for end in ENDS if end in row)]
            if len(there) < len(step.rows) and not step.creates:
                known = set(map(id, there))
                self._keep(step._replace(rows=[row for row in step.rows if id(row) not in known]))
                step = step._replace(rows=there)  # noqa: PLW2901  the part of it that can be sent
            yield step

    def _keep(self, step: Step) -> None:
        self._waiting.append(step)
        self._count += len(step.rows)
        if self._count > DEFERRED:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed at the end
            pickle.dump(self._waiting, self._file, protocol=pickle.HIGHEST_PROTOCOL)
            self._waiting, self._count = [], 0

    def release(self) -> Iterator[list[Step]]:
        """Yield what waited."""
        if self._file is not None:
            self._file.seek(0)
            while True:
                try:
                    yield pickle.load(self._file)  # noqa: S301  written above, into a file without a name
                except EOFError:
                    break
            self._file.close()
            self._file = None
        waiting, self._waiting, self._count = self._waiting, [], 0
        if waiting:
            yield waiting
