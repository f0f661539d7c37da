"""Access tokens: who may read, ingest or administer. A file keeps their hashes; a token itself is shown once."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from stratagraph.ontology.errors import StratagraphError

PREFIX: Final = "sgt_"
"""How a token begins, so that scanners for leaked secrets can know it."""
RANDOM_BYTES: Final = 32
"""Too many to guess, so that one round of SHA-256 protects them."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WRITABLE_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH


class Role(StrEnum):
    """What a token allows; each role includes those before it."""

    READ = "read"
    INGEST = "ingest"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Tell whether whoever has this role may do what needs the other."""
        ranks = tuple(Role)
        return ranks.index(self) >= ranks.index(other)


class TokensUnusable(StratagraphError, slug="tokens-unusable", status=503):
    """The file of access tokens cannot be trusted or read; until it can, nobody gets in."""

    text = "The access tokens in {path} can't be used: {problem}. Restore the file, or write it anew."

    path: str
    problem: str


class BadTokenName(StratagraphError, slug="bad-token-name", status=400):
    """A name that no token can have."""

    text = "{name!r} can't name a token. Use up to 64 letters, digits, '.', '-' and '_', a letter or digit first."

    name: str


class TokenExists(StratagraphError, slug="token-exists", status=409):
    """The name is taken."""

    text = "There is a token named {name} already. Choose another name, or revoke it: stratagraph token revoke {name}."

    name: str


class UnknownToken(StratagraphError, slug="unknown-token", status=404):
    """No token has the name."""

    text = "There is no token named {name}. See what there is: stratagraph token list."

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """One token as the file knows it: whose it is and its SHA-256, never the token."""

    name: str
    role: Role
    created: datetime
    digest: str = field(repr=False)

    def document(self) -> dict[str, str]:
        """Return the entry for the file."""
        return {
            "name": self.name,
            "role": self.role.value,
            "created": self.created.isoformat(timespec="seconds"),
            "sha256": self.digest,
        }


class TokenFile:
    """The tokens of one file, read again whenever it changes, so that a change works without a restart.

    A file without tokens still asks everybody for one: revoking the last token must not open the service.
    """

    def __init__(self, path: Path) -> None:
        """Take the file at its path; it need not exist."""
        self.path = path
        self._place = os.fspath(path)
        self._read_at: tuple[int, ...] | None = None
        self._tokens: tuple[AccessToken, ...] = ()

    def exists(self) -> bool:
        """Tell whether tokens are asked for at all."""
        try:
            os.stat(self._place)  # noqa: PTH116  asked by every request, and pathlib takes thrice as long
        except FileNotFoundError:
            return False
        except OSError:
            return True  # what can't be seen must not open the service
        return True

    def tokens(self) -> tuple[AccessToken, ...]:
        """Return the tokens, in the order they were added.

        Raises:
            TokensUnusable: the file is malformed, or others may write to it.
        """
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        if state.st_mode & _WRITABLE_BY_OTHERS:
            raise self._unusable("others may write to it; take that right away with chmod 600")
        version = (state.st_ino, state.st_mtime_ns, state.st_size)
        if version != self._read_at:
            self._tokens = tuple(self._read())
            self._read_at = version
        return self._tokens

    def holder(self, secret: str) -> AccessToken | None:
        """Return the token that a secret is, or None; takes as long for a wrong one as for a right one.

        Raises:
            TokensUnusable: as ``tokens``.
        """
        digest = _digest(secret)
        found = None
        for token in self.tokens():
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def add(self, name: str, role: Role) -> str:
        """Make a token and return it: nobody can see it again.

        Raises:
            BadTokenName, TokenExists: the name can't be used.
        """
        if not _NAME.fullmatch(name):
            raise BadTokenName(name=name)
        with self._changing() as tokens:
            if any(token.name == name for token in tokens):
                raise TokenExists(name=name)
            secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
            made = AccessToken(name=name, role=role, created=datetime.now(UTC), digest=_digest(secret))
            self._write((*tokens, made))
        return secret

    def revoke(self, name: str) -> None:
        """Let a token open nothing any more.

        Raises:
            UnknownToken: there is none of that name.
        """
        with self._changing() as tokens:
            kept = tuple(token for token in tokens if token.name != name)
            if len(kept) == len(tokens):
                raise UnknownToken(name=name)
            self._write(kept)

    @contextmanager
    def _changing(self) -> Iterator[tuple[AccessToken, ...]]:
        """Keep other commands out while the file is read and written."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield self.tokens()
        finally:
            os.close(folder)

    def _read(self) -> Iterator[AccessToken]:
        try:
            for entry in json.loads(self.path.read_text(encoding="utf-8"))["tokens"]:
                yield _token(entry)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        except (ValueError, KeyError, TypeError):
            raise self._unusable("it is not a list of tokens as 'stratagraph token add' writes it") from None

    def _write(self, tokens: Iterable[AccessToken]) -> None:
        """Replace the file at once: a reader sees the old tokens or the new, never half of them."""
        text = json.dumps({"tokens": [token.document() for token in tokens]}, indent=2) + "\n"
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            raise self._unusable(error.strerror or str(error)) from None
        finally:
            draft.unlink(missing_ok=True)

    def _unusable(self, problem: str) -> TokensUnusable:
        return TokensUnusable(path=str(self.path), problem=problem)


def _token(entry: dict[str, Any]) -> AccessToken:
    digest = str(entry["sha256"])
    if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
        raise ValueError(digest)
    created = datetime.fromisoformat(str(entry["created"]))
    return AccessToken(name=str(entry["name"]), role=Role(entry["role"]), created=created, digest=digest.lower())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
