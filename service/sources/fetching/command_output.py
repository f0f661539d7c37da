"""What a command writes to its standard output. No shell reads it, and nothing of it outlives the time limit."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import PurePath
from typing import IO, Final

from stratagraph.service.settings import PREFIX
from stratagraph.service.sources.fetching.fetched import Fetched, one_document
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import Source

MOST_COMPLAINT: Final = 500
"""Characters of what a command says on standard error that are told."""
_KEPT: Final = 64 << 10
_PIECE: Final = 1 << 16
_LOOK_SECONDS: Final = 0.2
_LAST_SECONDS: Final = 2.0
"""How long a command gets to end after it was asked to."""


def read_command(source: Source, limits: Limits) -> Fetched:
    """Return what a source's command writes.

    Raises:
        FetchFailed: it can't be run, fails, writes nothing or too much, or is not done in time.
        CredentialMissing: a credential is not there.
    """
    assert source.command is not None  # asked of sources that have one
    secrets = {name: secret.read(f"the variable {name}") for name, secret in source.environment.items()}
    # What the service itself is configured with is none of a command's business.
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)} | secrets
    output, complaint, status = _run(source.command, environment, limits)
    if status:
        said = _complaint(complaint, secrets.values())
        how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        raise limits.failure(f"the command {how}{f': {said}' if said else ''}")
    if not output.strip():
        raise limits.failure("the command wrote nothing")
    name = PurePath(source.command[0]).name
    return one_document(f"the output of {name}", source.scope or "output", output)


def _run(command: tuple[str, ...], environment: dict[str, str], limits: Limits) -> tuple[bytes, bytes, int]:
    try:
        process = subprocess.Popen(  # noqa: S603  the operator's own command, without a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise limits.failure(f"the command can't be run ({error.strerror})") from None
    assert process.stdout is not None  # both are pipes
    assert process.stderr is not None
    with process:
        try:
            output, complaint = _collected(process.stdout, process.stderr, limits)
            while process.poll() is None:
                limits.check()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(min(_LOOK_SECONDS, max(limits.left, 0)))
        finally:
            _end(process)
    return output, complaint, process.returncode


def _collected(output: IO[bytes], complaint: IO[bytes], limits: Limits) -> tuple[bytes, bytes]:
    """Read both streams to their ends."""
    told, complained = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ, told)
        selector.register(complaint, selectors.EVENT_READ, complained)
        while selector.get_map():
            limits.check()
            for key, _ in selector.select(min(_LOOK_SECONDS, max(limits.left, 0))):
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                key.data.extend(piece)
                del complained[:-_KEPT]
                limits.weigh(len(told))
    return bytes(told), bytes(complained)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command with all that it started and left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    ends = time.monotonic() + _LAST_SECONDS
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(ends - time.monotonic(), 0))
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _complaint(text: bytes, secrets: Iterable[str]) -> str:
    """Return the end of what a command says of its failure, on one line and without its secrets."""
    said = text.decode(errors="replace")
    for secret in secrets:
        said = said.replace(secret, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return line if len(line) <= MOST_COMPLAINT else f"...{line[-MOST_COMPLAINT:]}"
