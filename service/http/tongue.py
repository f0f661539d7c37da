"""The language of what the service says: of the request's ``lang``, else of its Accept-Language, else English."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from stratagraph.ontology.sentences import SOURCE, say
from stratagraph.queries.messages import UnknownLanguage, language
from stratagraph.service.http.headers import values

_spoken: Final[ContextVar[str]] = ContextVar("spoken", default=SOURCE)

SENTENCES: Final = frozenset({"problem", "reason", "text", "partialReason"})
"""Names of an answer's fields that hold a sentence."""


def spoken() -> str:
    """Return the language in which the present request is answered."""
    return _spoken.get()


def in_tongue(found: Any) -> Any:
    """Return plain data with its sentences in the language of the present request: what ``SENTENCES`` names."""
    language = spoken()
    if language == SOURCE:
        return found
    if isinstance(found, list):
        return [in_tongue(each) for each in found]
    if not isinstance(found, dict):
        return found
    told = found.get("messages")
    english, own = (told.get(SOURCE, ""), told.get(language.lower(), "")) if isinstance(told, dict) else ("", "")
    return {
        name: in_tongue(value)
        if name not in SENTENCES or not isinstance(value, str)
        else value.replace(english, own)
        if english and own
        else say(value, language)
        for name, value in found.items()
    }


class Tongue:
    """ASGI middleware: notes the language of every request for whoever answers it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            _spoken.set(_wanted(scope["query_string"], values(scope, b"accept-language")))
        await self.app(scope, receive, send)


def _wanted(query: bytes, accepted: list[str]) -> str:
    # The parameters are read only where one may be the language: a query among them can be long.
    named = any(name == b"lang" or b"%" in name for name in (pair.partition(b"=")[0] for pair in query.split(b"&")))
    given = [value for name, value in parse_qsl(query.decode("latin-1")) if name == "lang"] if named else []
    return _first(given) or _first(preferred(",".join(accepted))) or SOURCE


def _first(tags: list[str]) -> str | None:
    """Return the first supported language that is asked for."""
    for tag in tags:
        try:
            return language(tag)
        except UnknownLanguage:
            continue
    return None


def preferred(header: str) -> list[str]:
    """Return the language ranges of an Accept-Language header, the dearest first; what weighs nothing is left out."""
    weighed = []
    for at, each in enumerate(header.split(",")):
        tag, *parameters = (part.strip() for part in each.split(";"))
        weight = next((_weight(p[2:]) for p in parameters if p[:2].lower() == "q="), 1.0)
        if tag and weight > 0:
            weighed.append((-weight, at, tag))
    return [tag for _, _, tag in sorted(weighed)]


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
