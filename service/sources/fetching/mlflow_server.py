"""What an MLflow server has registered: every answer that its REST interface gives about it, as one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote, urlencode, urlsplit

from stratagraph.loaders.formats.mlflow.fetching import fetch
from stratagraph.loaders.kinds import Kind, suffix_of
from stratagraph.service.sources.fetching.fetched import Fetched, one_document
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.fetching.web import ask, refusal, refuse_page
from stratagraph.service.sources.source import Source

_INTERFACE: Final = "/api/2.0/mlflow"
_ANSWERED: Final = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND})
_MISSING: Final = "RESOURCE_DOES_NOT_EXIST"


def is_server(source: Source) -> bool:
    """Whether a source is a server of MLflow, and not a document on the web with answers of one."""
    if source.kind != Kind.MLFLOW or source.url is None:
        return False
    return suffix_of(unquote(urlsplit(source.url).path)) not in Kind.MLFLOW.suffixes


def read_server(source: Source, limits: Limits) -> Fetched:
    """Return what a server has registered, as far as it is shown to this credential.

    Raises:
        FetchFailed: it does not answer, not in full, shows nothing, or is no server of MLflow.
        MalformedDocument: an answer is not what MLflow answers.
        CredentialMissing: a credential is not there.
    """
    server = _Server(source, limits)
    # Whoever copies the address from a browser or a script has more of it than that of the server.
    (document,) = fetch(server.get, source.place.partition(_INTERFACE)[0])
    if not any(answer["body"] for answer in document.json):
        raise limits.failure("nothing is registered there, or nothing is shown to this credential")
    return one_document(source.place, source.scope or "registry", document.data)


class _Server:
    """Asks one server, of which all answers together may bring no more than the limit."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._taken = 0

    def get(self, url: str, query: Mapping[str, str]) -> bytes:
        """Return the body of an answer; that a run or a model is gone is one."""
        self._limits.check()
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "stratagraph"}
        asked = f"{url}?{urlencode(query)}" if query else url
        answer = ask(self._source, self._limits, "GET", asked, headers=headers, taken=_ANSWERED)
        self._taken += len(answer.body)
        self._limits.weigh(self._taken)
        if answer.status != HTTPStatus.OK and not _is_missing(answer.body):
            raise self._limits.failure(f"{refusal(answer.status, answer.headers)}: is it a server of MLflow?")
        refuse_page(answer, self._limits)
        return answer.body


def _is_missing(body: bytes) -> bool:
    """Whether a server of MLflow says that there is no such thing, and not another one that there is no such page."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("error_code") == _MISSING
