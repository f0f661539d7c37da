"""From what was received to a batch: the entries of all signals in order, settled by their readers, committed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from google.protobuf.message import Message

from stratagraph.loaders.otlp_traces import SILENCE
from stratagraph.loaders.otlp_traces import SOURCE as TELEMETRY
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch, Method
from stratagraph.service.telemetry.reader import Counts, Reader, Settled
from stratagraph.service.telemetry.signals import Signal


class Aggregator:
    """Commits what readers tell. ``commit`` returns once the batch is durable; ``watch`` sees what became of it."""

    def __init__(
        self,
        readers: Mapping[Signal, Reader[Any, Any]],
        commit: Callable[[Batch], object],
        watch: Callable[[Signal, Counts], None],
    ) -> None:
        self._readers = readers
        self._commit = commit
        self._watch = watch
        self._position = 0
        self._lock = threading.Lock()

    def keep(self, signal: Signal, heard: int, message: Message, found: Any) -> None:
        """Commit what was found in a request."""
        reader = self._readers[signal]
        # One after the other: what a request tells depends on what was told before, and a commit is made alone anyway.
        with self._lock:
            position, self._position = self._position, self._position + 1
            reader.take(found, heard, position, self._position)
            settled = reader.settle(heard, None)
            if settled.observations or any(scope.stated or scope.withdrawn for scope in settled.scopes):
                self._committed(settled, hashlib.sha256(message.SerializeToString()).hexdigest())
            settled.confirm()
        self._watch(signal, settled.counts)

    def _committed(self, settled: Settled, run: str) -> None:
        """Commit the batch; a conflict means that this very body was committed before, which is what was asked for."""
        batch = Batch(
            source=TELEMETRY,
            run=run,
            method=Method.OBSERVED,
            scopes=settled.scopes,
            observations=settled.observations,
            silence=SILENCE,
        )
        try:
            self._commit(batch)
        except StratagraphError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                # What is refused for good is not to be told again with the next request.
                settled.confirm()
            if error.status != HTTPStatus.CONFLICT:
                raise
