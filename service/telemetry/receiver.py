"""Telemetry at the door, whatever brought it: HTTP and gRPC answer by what this returns or raises."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from stratagraph.loaders.content_encodings import LIMIT
from stratagraph.loaders.otlp import MediaType, decode
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.sentences import SOURCE
from stratagraph.service.ledger.storage import unavailable
from stratagraph.service.telemetry.reader import Counts, Judged, Reader
from stratagraph.service.telemetry.signals import Signal, SignalSwitchedOff

log = logging.getLogger(__name__)

CAPACITY: Final = 8
"""Requests worked on at once; each may hold a body of the full size. One whose body is still to come holds no place."""
RETRY_SECONDS: Final = 1
"""When to come again. Exporters in wide use drop what they are told to keep for longer than two seconds."""


class Overloaded(StratagraphError, slug="overloaded", status=503):
    """Too many requests at once, or a ledger that cannot take any now."""

    text = "The receiver cannot take the request now. Send it again in a second, as exporters do by themselves."


class Keep(Protocol):
    """Makes a request durable, with what was found in it; raises StratagraphError where it cannot."""

    def __call__(self, signal: Signal, heard: int, message: Message, judged: Judged[Any]) -> object:
        """Return once it is durable."""
        ...


def _ignore(_signal: Signal, _counts: Counts) -> None:
    """Watch nothing."""


@dataclass(kw_only=True)
class Receiver:
    """Takes requests in, from any thread; ``watch`` sees what became of what was in them."""

    readers: Mapping[Signal, Reader[Any, Any]]
    keep: Keep
    limit: int = LIMIT
    capacity: int = CAPACITY
    signals: tuple[Signal, ...] = tuple(Signal)
    watch: Callable[[Signal, Counts], None] = _ignore
    clock: Callable[[], int] = time.time_ns
    _taken: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, signal: Signal) -> None:
        """Let a signal pass. Raises SignalSwitchedOff."""
        if signal not in self.readers or signal not in self.signals:
            raise SignalSwitchedOff(signal=signal.value)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for requests that are worked on. Raises Overloaded."""
        with self._lock:
            if self._taken >= self.capacity:
                raise Overloaded
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1

    def receive(self, signal: Signal, plain: bytes, media: MediaType, language: str = SOURCE) -> Message:
        """Keep what a body without its encodings holds, and say what was left out. Raises StratagraphError."""
        reader = self.readers[signal]
        message = decode(plain, media, reader.request)
        heard = self.clock()
        judged = reader.judge(message, heard, language)
        if judged.found is not None:
            self.keep(signal, heard, message, judged)
        self.watch(signal, judged.counts)
        return judged.answer


def told_of(error: Exception) -> StratagraphError:
    """Return what the sender is told of an error: what is wrong with the data, else when to come again.

    Whatever it was, the data are not durable: a sender may only keep them if it is told to try again.
    """
    if isinstance(error, StratagraphError) and error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return error
    if isinstance(error, StratagraphError) and error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        told = error
    elif (storage := unavailable(error)) is not None:
        told = storage
    else:
        log.error("a telemetry request failed", exc_info=error)
        return Overloaded()
    log.warning("telemetry not taken: %s", told)
    return told
