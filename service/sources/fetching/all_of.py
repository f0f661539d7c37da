"""All that a source holds now, wherever it is."""

from __future__ import annotations

from stratagraph.loaders.kinds import kind_named
from stratagraph.service.sources.fetching.command_output import read_command
from stratagraph.service.sources.fetching.fetched import Fetched, Known
from stratagraph.service.sources.fetching.file_paths import read_path
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import Source


def fetch(source: Source, limits: Limits, known: Known) -> Fetched:
    """Return all that a source holds, or that its server says that it holds what it held.

    Raises:
        FetchFailed, CredentialMissing: it is not to be had, or not in full.
        UnreadableFile, BrokenLink: a file in it can't be read.
        MalformedDocument: a registry's answers are none of its kind.
    """
    if source.command is not None:
        return read_command(source, limits)
    if source.path is not None:
        return read_path(source.path, kind_named(source.kind), limits)
    if source.kind == "sparql":
        from stratagraph.service.sources.fetching.sparql_endpoint import read_endpoint

        return read_endpoint(source, limits)
    if source.kind == "cypher":
        from stratagraph.service.sources.fetching.cypher_query import read_rows

        return read_rows(source, limits)
    # Its library takes a while to load, and few commands read a source.
    from stratagraph.service.sources.fetching.mlflow_server import is_server, read_server

    if is_server(source):
        return read_server(source, limits)
    from stratagraph.service.sources.fetching.web import read_web

    return read_web(source, limits, known)
