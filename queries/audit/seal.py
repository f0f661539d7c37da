"""What ties a report to a ledger: its signed head, and the product that wrote it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The newest batch of the ledger when a report was written, signed by the ledger's key."""

    ledger: str
    sequence: int
    batch_hash: str
    time: str | None
    public_key: str
    signature: str
    version: str

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public key, by which a reader knows it."""
        return hashlib.sha256(bytes.fromhex(self.public_key)).hexdigest()

    def head(self) -> dict[str, Any]:
        """Return the signed head as 'ledger verify --head' reads it."""
        return {
            "ledger": self.ledger,
            "sequence": self.sequence,
            "hash": self.batch_hash,
            "time": self.time,
            "public_key": self.public_key,
            "signature": self.signature,
        }
