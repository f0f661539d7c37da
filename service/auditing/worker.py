"""The process that evaluates rules: no network, behind the service's own work, killed when it is late.

Pickles come from the service that started it and go back there, through pipes that nobody else holds.
"""

from __future__ import annotations

import pickle
import signal
import sys
from typing import BinaryIO, Final

from pyoxigraph import Store

from stratagraph.queries.audit.compliance import evaluate
from stratagraph.service.auditing.work import Context, Work
from stratagraph.service.views.querying import StoreReader
from stratagraph.service.workers import sandbox
from stratagraph.service.workers.frames import Say, pack, read
from stratagraph.shapes.rule import Rule

RULE: Final = b"r"
"""Begins a piece that names the rule which is evaluated next."""
AUDIT: Final = b"a"
"""Begins a piece of the audit."""
_PIECE: Final = 1 << 20
_WORN_BYTES: Final = 512 << 20
"""Growth beyond which the process is replaced, so that a large audit's memory goes back to the machine."""
_GRACE: Final = 2.0
"""Seconds beyond the deadline after which the kernel ends a process whose service is gone."""


def _answer(context: Context, work: Work, pipe: BinaryIO) -> None:
    def tell(rule: Rule) -> None:
        pipe.write(pack(Say.DATA, RULE + rule.id.encode()))
        pipe.flush()

    signal.setitimer(signal.ITIMER_REAL, work.seconds + _GRACE)
    before = sandbox.address_space() or 0
    try:
        audit = evaluate(
            StoreReader(Store.read_only(work.folder), work.sequence),
            context.model,
            context.rules,
            on=work.on,
            framework=work.framework,
            now=work.moment,
            watch=tell,
        )
        told = pickle.dumps(audit, protocol=pickle.HIGHEST_PROTOCOL)
        pipe.writelines(pack(Say.DATA, AUDIT + told[at : at + _PIECE]) for at in range(0, len(told), _PIECE))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  a rule's query fails in any way there is; the service tells which one
        closing = pack(Say.FAULT, {"kind": "evaluation", "detail": str(error) or type(error).__name__})
    else:
        grown = (sandbox.address_space() or 0) - before
        closing = pack(Say.END, {"worn": grown > _WORN_BYTES})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    pipe.write(closing)
    pipe.flush()


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    context: Context | None = None
    while (frame := read(requests)) is not None:
        say, body = frame
        if say is Say.OPEN:
            context = pickle.loads(body)  # noqa: S301  from the service that started this process
        elif context is not None:
            _answer(context, pickle.loads(body), answers)  # noqa: S301  as above


def main() -> None:
    """Evaluate what standard input asks for until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sandbox.lower_priority()
    sandbox.close_network()
    try:
        _serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
