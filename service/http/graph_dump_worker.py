"""The process that writes the whole graph: ``python -m stratagraph.service.http.graph_dump_worker FOLDER TYPE``."""

from __future__ import annotations

import sys

from pyoxigraph import Store

from stratagraph.service.views.dump import dump
from stratagraph.service.workers import sandbox


def main(folder: str, media_type: str) -> None:
    """Write the checkpoint in a folder to standard output; whoever reads no more ends it."""
    sandbox.lower_priority()
    sandbox.close_network()
    try:
        for piece in dump(Store.read_only(folder), media_type):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
