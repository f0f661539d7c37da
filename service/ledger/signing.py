"""The ledger's signing key and the signed head: the newest batch, to be kept where the ledger is not."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stratagraph.service.ledger.errors import HeadUnreadable, KeyUnusable
from stratagraph.service.privacy import make_private

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_LENGTH: Final = 32
"""Bytes of a key, which are random and nothing else (RFC 8032)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest batch of a ledger, signed. Sequence 0 is the empty ledger."""

    ledger: str
    sequence: int
    batch_hash: str
    time: datetime | None
    public_key: str
    signature: str = ""

    def message(self) -> bytes:
        """Return the bytes that the signature covers."""
        # The time needs no place here: the hash covers it. The names stand in the order of RFC 8785.
        head = {"hash": self.batch_hash, "ledger": self.ledger, "sequence": self.sequence}
        return b"stratagraph-head-1\n" + json.dumps(head, separators=(",", ":")).encode()

    def is_genuine(self) -> bool:
        """Whether the signature is that of the named key."""
        return _signed_by(self.public_key, self.signature, self.message())

    def to_json(self) -> str:
        """Return the head as one line of JSON, for a file kept elsewhere."""
        fields = {
            "ledger": self.ledger,
            "sequence": self.sequence,
            "hash": self.batch_hash,
            "time": self.time.isoformat() if self.time else None,
            "public_key": self.public_key,
            "signature": self.signature,
        }
        return json.dumps(fields)

    @staticmethod
    def from_json(text: str) -> Head:
        """Read a head.

        Raises:
            ValueError: the text is no head.
        """
        fields = json.loads(text)
        try:
            return Head(
                ledger=str(fields["ledger"]),
                sequence=int(fields["sequence"]),
                batch_hash=str(fields["hash"]),
                time=datetime.fromisoformat(fields["time"]) if fields["time"] else None,
                public_key=str(fields["public_key"]),
                signature=str(fields["signature"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{error} is missing or of the wrong type") from error

    @staticmethod
    def read(path: Path) -> Head:
        """Read a head from its file.

        Raises:
            HeadUnreadable: there is no such file, or it holds no head.
        """
        try:
            return Head.from_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise HeadUnreadable(path=str(path), problem=error.strerror or str(error)) from error
        except ValueError as error:
            raise HeadUnreadable(path=str(path), problem=str(error)) from error


class Signer:
    """The Ed25519 key of one ledger, in a file that only its owner may read."""

    def __init__(self, secret: bytes) -> None:
        """Use ``Signer.at``."""
        self._secret = secret

    @classmethod
    def at(cls, path: Path) -> Signer:
        """Read the key of a file, made where there is none.

        Raises:
            KeyUnusable: the file can't be read or made, or holds no key.
        """
        try:
            if not path.exists():
                _create(path)
            secret = path.read_bytes()
        except OSError as error:
            raise KeyUnusable(path=str(path), problem=str(error)) from error
        if len(secret) != KEY_LENGTH:
            raise KeyUnusable(path=str(path), problem=f"a key has {KEY_LENGTH} bytes, and this file {len(secret)}")
        return cls(secret)

    @property
    def check(self) -> bytes:
        """Its digest, by which it is known without the library that makes its public half: nobody guesses 32 bytes."""
        return sha256(b"stratagraph-key-1\n" + self._secret).digest()

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        """The key, made of its bytes when something is signed: the library is large, and most commands sign nothing."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._secret)

    @property
    def public_key(self) -> str:
        """The public key, in hexadecimal."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, ledger: str, sequence: int, batch_hash: str, time: datetime | None) -> Head:
        """Return the signed head."""
        fields = {"ledger": ledger, "sequence": sequence, "batch_hash": batch_hash, "time": time}
        unsigned = Head(**fields, public_key=self.public_key)  # type: ignore[arg-type]  # a dict of mixed values
        signature = self._key.sign(unsigned.message()).hex()
        return Head(**fields, public_key=self.public_key, signature=signature)  # type: ignore[arg-type]  # as above

    def endorse(self, ledger: str, successor: str) -> str:
        """Return the signature by which this key names the public key that signs the ledger's heads after it."""
        return self._key.sign(_endorsement(ledger, successor)).hex()


def is_endorsed(ledger: str, *, before: str, after: str, signature: str) -> bool:
    """Whether one public key's holder named the other as its successor."""
    return _signed_by(before, signature, _endorsement(ledger, after))


def _endorsement(ledger: str, successor: str) -> bytes:
    body = {"ledger": ledger, "successor": successor}
    return b"stratagraph-key-change-1\n" + json.dumps(body, separators=(",", ":")).encode()


def _signed_by(public_key: str, signature: str, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _create(path: Path) -> None:
    """Make a key; of several processes that try, one wins and the file is never seen half written."""
    make_private(path.parent)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    # With its mode from the first moment on: a file that is made first and restricted later can be opened in between.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_LENGTH))
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where the key exists already; a rename would replace one that heads were signed with.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
