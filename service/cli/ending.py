"""How the program ends: quietly where nobody reads on, with one sentence where it could not do its work.

Status 1 is kept for an answer, such as an audit that finds a failure; a program that can't answer never ends
with it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb
from typing import Final, NoReturn, TextIO

from stratagraph.ontology.errors import StratagraphError

COULD_NOT_RUN: Final = 2
NOBODY_READS: Final = 128 + signal.SIGPIPE
"""What a shell reports of any program whose reader, such as ``head``, has had enough."""

# EBADF: standard output was closed by whoever called.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


class NoOutput(StratagraphError, slug="no-output", status=507):
    """Standard output takes nothing more, for a full disk for example."""

    text = "Standard output can't be written: {reason}. Make room, or write elsewhere."

    reason: str


class ProgramFault(StratagraphError, slug="fault", status=500):
    """Something that no part of the program expected."""

    text = "This is a fault of the program: {kind} in {place}: {reason}. It stopped there; please report these words."

    kind: str
    place: str
    reason: str

    @classmethod
    def of(cls, error: Exception) -> ProgramFault:
        """Tell what happened, and where."""
        frames = extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else __name__
        reason = " ".join(str(error).split()) or "no more is known"
        return cls(kind=type(error).__name__, place=place, reason=reason)


def run(program: Callable[[], None]) -> NoReturn:
    """Run the program to its end, and leave with its status."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open to the end
    sys.exit(_status(program))


def _status(program: Callable[[], None]) -> int | str | None:
    try:
        status = _ended(program)
        # Here, where it can still be told: at its end the interpreter would print a traceback instead.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BrokenPipeError:
        return _leave(NOBODY_READS)
    except Exception as error:  # noqa: BLE001  the last place that can say so in words
        _tell(_told(error))
        return _leave(COULD_NOT_RUN)
    return status


def _told(error: Exception) -> StratagraphError:
    if isinstance(error, OSError) and error.filename is None and error.errno in _FULL:
        return NoOutput(reason=error.strerror or str(error))
    return ProgramFault.of(error)


def _ended(program: Callable[[], None]) -> int | str | None:
    """Return the status with which the program leaves.

    Its library ends with status 1 where a pipe breaks, which is the status of a judgement; the error stands behind it.
    """
    try:
        program()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            raise end.__context__ from None
        return end.code
    return 0


def _takes_text(stream: TextIO) -> bool:
    """Tell whether a stream takes what was written to it."""
    try:
        stream.flush()
    except OSError:
        return False
    return True


def _tell(error: StratagraphError) -> None:
    # Imported late: most runs end well, and start without it.
    from stratagraph.ontology.sentences import say
    from stratagraph.service.cli.tongue import tongue

    with suppress(OSError):  # where standard error takes nothing either, the status must do
        sys.stderr.write(f"stratagraph: {say(str(error), tongue())}\n")


def _leave(status: int) -> int:
    """Keep the interpreter from writing what is left to a stream that takes nothing."""
    for stream in (sys.stdout, sys.stderr):
        if not _takes_text(stream):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return status
