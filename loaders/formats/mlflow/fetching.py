"""An MLflow server's registry over its REST interface: all pages, with what search answers leave out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.mlflow.answers import refusal_of

Get: TypeAlias = Callable[[str, Mapping[str, str]], bytes]
"""Asks for a URL with a query and returns the body of the answer; raises where there is none."""

_API: Final = "/api/2.0/mlflow/"
_PROMPTS: Final = "tags.`mlflow.prompt.is_prompt` = 'true'"
"""Without this filter, searches pass prompts over."""
_PAGE: Final = "500"
_MOST_PAGES: Final = 10_000
_LOGGED: Final = re.compile(r"models:/(m-[0-9a-f]+)$")


def fetch(get: Get, url: str) -> list[Document]:
    """Return what an MLflow server has registered, as one document of answers beside their requests.

    Asked for are registered models and prompts, all of their versions, and of those that are newest or have an alias
    the logged model and the run behind them.

    Raises:
        MalformedDocument: an answer is not what MLflow answers, or pages have no end.
    """
    registry = _Fetching(get, url.rstrip("/"))
    return [Document(url, json.dumps(list(registry.answers()), ensure_ascii=False).encode())]


class _Fetching:
    """One visit to a server."""

    def __init__(self, get: Get, url: str) -> None:
        self._get = get
        self._url = url
        self._current: set[tuple[str, str]] = set()
        """Names and versions that somebody is likely to use."""
        self._logged: dict[str, None] = {}
        self._runs: dict[str, None] = {}

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield every answer, each with its request."""
        for query in ({}, {"filter": _PROMPTS}):
            for answer in self._pages("registered-models/search", query):
                self._note(answer["body"])
                yield answer
        for query in ({}, {"filter": _PROMPTS}):
            for answer in self._pages("model-versions/search", query):
                self._note_versions(answer["body"])
                yield answer
        for identity in self._logged:
            answer = self._ask(f"logged-models/{quote(identity, safe='')}", {})
            info = (answer["body"].get("model") or {}).get("info") or {}
            self._runs[info.get("source_run_id") or ""] = None
            yield answer
        for identity in filter(None, self._runs):
            yield self._ask("runs/get", {"run_id": identity})

    def _note_versions(self, body: Mapping[str, Any]) -> None:
        """Remember what is behind the versions that somebody is likely to use."""
        for version in body.get("model_versions") or ():
            if (str(version.get("name")), str(version.get("version"))) in self._current:
                self._runs[version.get("run_id") or ""] = None
                if found := _LOGGED.match(version.get("source") or ""):
                    self._logged[found[1]] = None

    def _note(self, body: Mapping[str, Any]) -> None:
        for model in body.get("registered_models") or ():
            named = [*(model.get("latest_versions") or ()), *(model.get("aliases") or ())]
            self._current |= {(str(model.get("name")), str(each.get("version"))) for each in named}

    def _pages(self, path: str, query: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the answers to a search, page by page."""
        seen: set[str] = set()
        token = ""
        for _ in range(_MOST_PAGES):
            answer = self._ask(path, {**query, "max_results": _PAGE, **({"page_token": token} if token else {})})
            yield answer
            token = str(answer["body"].get("next_page_token") or "")
            if not token:
                return
            if token in seen:
                break
            seen.add(token)
        raise self._strange(path, "its pages have no end")

    def _ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        body = self._get(f"{self._url}{_API}{path}", query)
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            raise self._strange(path, "this is no JSON") from None
        if not isinstance(value, dict):
            raise self._strange(path, "this is no object")
        if value.get("error_code") not in {None, "RESOURCE_DOES_NOT_EXIST"}:
            code = refusal_of(value) or "..."
            raise self._strange(path, f"it refuses ({code})")
        return {"request": {"method": "GET", "path": _API + path, "query": dict(query)}, "status": 200, "body": value}

    def _strange(self, path: str, reason: str) -> MalformedDocument:
        advice = "is it the address of an MLflow server, and may you ask it?"
        return MalformedDocument(file=f"{self._url}{_API}{path}", line=1, reason=f"{reason}; {advice}")
