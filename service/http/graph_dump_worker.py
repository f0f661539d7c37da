"""The process that writes the graph: ``python -m stratagraph.service.http.graph_dump_worker FOLDER TYPE LANG PART``."""

from __future__ import annotations

import sys

from pyoxigraph import Store

from stratagraph.service.views.dump import dump
from stratagraph.service.workers import sandbox


def main(folder: str, media_type: str, language: str, system: str = "") -> None:
    """Write the checkpoint in a folder, or a system of it, to standard output; whoever reads no more ends it."""
    sandbox.lower_priority()
    sandbox.close_network()
    try:
        dump(Store.read_only(folder), media_type, sys.stdout.buffer, system=system or None, language=language)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
