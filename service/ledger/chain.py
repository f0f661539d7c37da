"""The canonical bytes of a batch and the hashes over them; docs/reference/ledger-format.md says the same in prose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct
from typing import Final

import orjson

from stratagraph.ontology.facts import Observation

FORMAT: Final = 1
# 128 bits: many facts are easily guessed (a person's name, an address), a salt like this is not.
SALT_LENGTH: Final = 16
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

Numbers = tuple[int, int, int, float, float, float, bool]
"""Start, end (microseconds since 1970 UTC), count, total, minimum, maximum, estimated."""

# Big-endian on every machine: these bytes are hashed.
_LENGTH: Final = Struct(">I")
_SEQUENCE: Final = Struct(">Q")
_NUMBERS: Final = Struct(">qqqddd?")


def microseconds(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970 UTC, exactly."""
    return (moment - EPOCH) // MICROSECOND


def genesis(ledger_id: str) -> bytes:
    """Return what stands as previous hash in the first batch."""
    return sha256(b"stratagraph-ledger-1\n" + ledger_id.encode()).digest()


def field(text: str) -> bytes:
    """Return a text as UTF-8 behind its length."""
    data = text.encode()
    # The length in front keeps ("ab", "c") and ("a", "bc") apart.
    return _LENGTH.pack(len(data)) + data


def commitment(salt: bytes, line: str) -> bytes:
    """Return the salted commitment to a fact, given as ``subject predicate object`` in N-Triples."""
    return sha256(salt + line.encode()).digest()


def commitments(salts: Iterable[bytes], lines: Iterable[bytes]) -> list[bytes]:
    """Return the commitments to many facts, given as lines in UTF-8."""
    return [sha256(salt + line).digest() for salt, line in zip(salts, lines, strict=True)]


def opening_prefix(scope: str) -> bytes:
    """Return what precedes the commitment of a claim that a batch opens."""
    # The sign keeps apart what opening and closing one claim contribute to the same digest.
    return b"+" + field(scope)


def closing_entry(source: str, scope: str, opened: int, committed: bytes) -> bytes:
    """Return the entry of a claim that a batch closes."""
    return b"-" + field(source) + field(scope) + _SEQUENCE.pack(opened) + committed


def observation_digest(subject: str, metric: str, unit: str, numbers: Numbers, sketch: bytes) -> bytes:
    """Return the digest of one observation; subject and metric in N-Triples."""
    names = field(subject) + field(metric) + field(unit)
    return sha256(names + _NUMBERS.pack(*numbers) + sketch).digest()


def numbers_of(observation: Observation) -> Numbers:
    """Return an observation's numbers as they are stored and hashed."""
    return (
        microseconds(observation.start),
        microseconds(observation.end),
        observation.count,
        # A total given as the integer 3 is read back as 3.0, and SQLite knows no negative zero: each must give the
        # same bytes.
        float(observation.total) + 0.0,
        float(observation.minimum) + 0.0,
        float(observation.maximum) + 0.0,
        observation.estimated,
    )


class Content:
    """The digest of what a run said, whatever the order it said it in: how a run sent twice is recognised."""

    def __init__(self, head: Iterable[str]) -> None:
        """Start with what the batch says besides facts and observations."""
        self._head = b"".join(map(field, head))
        self._sum = 0

    def add(self, place: bytes, items: Iterable[bytes]) -> None:
        """Take in items that stand in one place: stated or withdrawn in a scope, or observed."""
        from_bytes = int.from_bytes
        # A sum depends on no order, and unlike exclusive-or it does not let two equal items cancel each other out.
        self._sum += sum([from_bytes(sha256(place + item).digest()) for item in items])

    def digest(self, salt: bytes) -> bytes:
        """Return the digest under a batch's salt, without which nobody can test a guess."""
        total = (self._sum % (1 << 256)).to_bytes(32)
        return sha256(salt + self._head + total).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRun:
    """What one batch said about one scope, as numbers of facts."""

    name: str
    complete: bool
    stated: int
    withdrawn: int

    @property
    def seen(self) -> bool:
        """Whether the run saw the scope: it enumerated it, or stated something in it."""
        return self.complete or self.stated > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """All that a batch's hash covers."""

    sequence: int
    time: int
    kind: str
    source: str
    run: str
    method: str
    silence: int | None
    ontology: str
    note: str
    scopes: tuple[ScopeRun, ...]
    opened: int
    closed: int
    observed: int
    content: bytes
    facts: bytes
    observations: bytes
    previous: bytes

    def canonical(self) -> bytes:
        """Return the canonical bytes: RFC 8785 JSON of strings, integers, booleans, null and arrays."""
        fields = {
            "closed": self.closed,
            "content": self.content.hex(),
            "facts": self.facts.hex(),
            "kind": self.kind,
            "method": self.method,
            "note": self.note,
            "observations": self.observations.hex(),
            "observed": self.observed,
            "ontology": self.ontology,
            "opened": self.opened,
            "previous": self.previous.hex(),
            "run": self.run,
            "scopes": [[s.name, s.complete, s.stated, s.withdrawn] for s in self.scopes],
            "sequence": self.sequence,
            "silence": self.silence,
            "source": self.source,
            "time": self.time,
        }
        # The keys stand in order above, and none of the values is a float: for these, orjson writes what RFC 8785
        # (sections 3.2.2 and 3.2.3) demands.
        return orjson.dumps(fields)

    def hash(self) -> bytes:
        """Return the batch's hash."""
        # What stands in front keeps a header's hash from passing for a first batch's ``previous``, or for a signed
        # head.
        return sha256(b"stratagraph-batch-1\n" + self.canonical()).digest()
