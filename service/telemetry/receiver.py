"""Telemetry to a commit, whatever brought it: HTTP and gRPC answer by what this returns or raises."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from stratagraph.loaders.clock_skew import MovedBack, move_back
from stratagraph.loaders.content_encodings import LIMIT
from stratagraph.loaders.genai.measures import WINDOW
from stratagraph.loaders.genai.story import Story
from stratagraph.loaders.otlp import MediaType, decode_traces
from stratagraph.loaders.otlp_traces import TraceResult, reasons, transform
from stratagraph.loaders.prices import NO_PRICES, PriceTable
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Batch
from stratagraph.ontology.model import OntologyModel
from stratagraph.ontology.namespaces import ASSET_BASE
from stratagraph.ontology.observations import MOST_AHEAD
from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.service.ledger.storage import unavailable
from stratagraph.service.telemetry.signals import Signal, SignalNotReceived, SignalSwitchedOff

log = logging.getLogger(__name__)

CAPACITY: Final = 8
"""Requests worked on at once; each may hold a body of the full size. One whose body is still to come holds no place."""
RETRY_SECONDS: Final = 1
"""When to come again. Exporters in wide use drop what they are told to keep for longer than two seconds."""


BUILT: Final = (Signal.TRACES,)
"""What can be received; a setting may switch it off."""


class Overloaded(StratagraphError, slug="overloaded", status=503):
    """Too many requests at once, or a ledger that cannot take any now."""

    text = "The receiver cannot take the request now. Send it again in a second, as exporters do by themselves."


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a request that was committed."""

    result: TraceResult
    moved: MovedBack


def _ignore(_: Received) -> None:
    """Watch nothing."""


@dataclass(kw_only=True)
class Receiver:
    """Takes requests to a commit, from any thread. ``prices`` is asked per request; ``watch`` sees what was committed.

    ``commit`` returns once the batch is durable.
    """

    commit: Callable[[Batch], object]
    model: OntologyModel
    prices: Callable[[], PriceTable] = lambda: NO_PRICES
    base: str = ASSET_BASE
    limit: int = LIMIT
    capacity: int = CAPACITY
    signals: tuple[Signal, ...] = BUILT
    watch: Callable[[Received], None] = _ignore
    story: Story = field(default_factory=Story)
    _telling: threading.Lock = field(default_factory=threading.Lock)
    _taken: int = 0
    _told_of_clocks: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, signal: Signal) -> None:
        """Let a signal pass. Raises SignalNotReceived, SignalSwitchedOff."""
        if signal not in BUILT:
            raise SignalNotReceived(signal=signal.value)
        if signal not in self.signals:
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

    def traces(self, plain: bytes, media: MediaType, language: str = SOURCE) -> ExportTraceServiceResponse:
        """Commit what a body without its encodings holds, and say what was left out. Raises StratagraphError."""
        request = decode_traces(plain, media)
        now = datetime.now(UTC)
        until = now + MOST_AHEAD - WINDOW
        moved = move_back(request, now=now, until=until)
        # One after the other: what a request tells depends on what was told before, and a commit is made alone anyway.
        with self._telling:
            result = transform(
                request,
                model=self.model,
                run=hashlib.sha256(plain).hexdigest(),
                prices=self.prices(),
                base=self.base,
                story=self.story,
                until=until,
            )
            if not result.empty:
                self._committed(result)
            self.story.confirm(result.told)
        self.watch(Received(result, moved))
        if moved.worth_telling and not self._told_of_clocks:
            # Once: the answer tells the sender each time, and a counter tells how many spans it were.
            self._told_of_clocks = True
            log.warning("the clock of a sender of telemetry is %s ahead", moved.most)
        return _response(result, moved, language)

    def _committed(self, result: TraceResult) -> None:
        """Commit the batch; a conflict means that this very body was committed before, which is what was asked for."""
        try:
            self.commit(result.batch)
        except StratagraphError as error:
            if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                # What is refused for good is not to be told again with the next request.
                self.story.confirm(result.told)
            if error.status != HTTPStatus.CONFLICT:
                raise


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


def _response(result: TraceResult, moved: MovedBack, language: str) -> ExportTraceServiceResponse:
    """Return the protocol's answer: silent where all is well, else what was left out and why."""
    response = ExportTraceServiceResponse()
    told = []
    if result.rejected:
        response.partial_success.rejected_spans = result.rejected
        told.append(say(reasons(result.rejections), language))
    elif result.overflow:
        text = f"{result.overflow} names beyond the limit of one request were counted under one asset each."
        told.append(say(text, language))
    if moved.worth_telling:
        text = (
            f"{moved.spans} spans ended up to {moved.most.total_seconds():.0f} s after the receiver's clock and were "
            "moved back to it. Set the sender's clock."
        )
        told.append(say(text, language))
    if told:
        response.partial_success.error_message = " ".join(told)
    return response
