"""One rule for the query parameters of every route: each is known, stands once, and says something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args, get_origin
from urllib.parse import unquote_plus

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.types import ASGIApp, Receive, Scope, Send

from stratagraph.ontology.errors import StratagraphError, in_short
from stratagraph.queries.messages import language
from stratagraph.service.http.headers import AS_OF
from stratagraph.service.times import read_day

SPELLINGS: Final = {"as-of": "asOf"}
"""Other spellings of a parameter, taken on every route, and the one that routes and documents know."""

_OTHERS: Final = frozenset(name.encode() for name in SPELLINGS)

_LONGEST: Final = 100
"""Characters of an unknown name that an answer repeats."""


class UnknownParameter(StratagraphError, slug="unknown-parameter", status=422):
    """The route does not know a parameter."""

    text = "This route has no parameter {parameter!r}. {advice}"

    parameter: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        """Name the nearest one, else all that there are."""
        folded = {name.casefold(): name for name in self.known}
        nearest = get_close_matches(self.parameter[:_LONGEST].casefold(), folded, n=1)
        if nearest:
            advice = f"Did you mean {folded[nearest[0]]!r}?"
        elif self.known:
            advice = f"It knows: {', '.join(self.known)}."
        else:
            advice = "It takes none."
        return self.text.format(parameter=in_short(self.parameter, _LONGEST), advice=advice)

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return {"parameter": in_short(self.parameter, _LONGEST), "known": list(self.known)}


class RepeatedParameter(StratagraphError, slug="repeated-parameter", status=422):
    """A parameter stands more than once."""

    longest = _LONGEST
    text = "The parameter {parameter!r} stands {times} times. Send it once."

    parameter: str
    times: int

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return {"parameter": in_short(self.parameter, _LONGEST)}


class EmptyParameter(StratagraphError, slug="empty-parameter", status=422):
    """A parameter says nothing."""

    longest = _LONGEST
    text = "The parameter {parameter!r} is empty. Give it a value, or leave it out."

    parameter: str

    def details(self) -> dict[str, object]:
        """Return what a problem detail carries beside the text."""
        return {"parameter": in_short(self.parameter, _LONGEST)}


class UnreadHeader(StratagraphError, slug="unread-header", status=422):
    """A header asks for the past where it is not read."""

    text = "The header {header} is not read here. {advice}"

    header: str
    advice: str


def check(given: Iterable[tuple[str, str]], known: Mapping[str, bool]) -> None:
    """Check parameters against those that a route knows; ``known`` tells which may stand several times.

    Raises:
        UnknownParameter, RepeatedParameter, EmptyParameter: what is wrong with the first that is.
    """
    pairs = list(given)
    names = [name for name, _ in pairs]
    for name, value in pairs:
        if name not in known:
            raise UnknownParameter(parameter=name, known=tuple(known))
        if not known[name] and names.count(name) > 1:
            raise RepeatedParameter(parameter=name, times=names.count(name))
        if not value.strip():
            raise EmptyParameter(parameter=name)


async def strict(request: Request) -> None:
    """Check the parameters of a request against those of its route: a dependency of the whole application.

    A route that reads its parameters by itself knows those that it describes for OpenAPI. What is no part of the
    API, such as the page, whose address holds its state, takes any.
    """
    route = request.scope["route"]
    if not route.include_in_schema:
        return
    if request.query_params:
        check(request.query_params.multi_items(), dict(_known(route)))
    if AS_OF in request.headers and not _reads(route, AS_OF):
        past = "asOf" in dict(_known(route))
        advice = "Send the parameter asOf." if past else "This route answers about the present only."
        raise UnreadHeader(header=AS_OF, advice=advice)


def _known(route: Any) -> Iterator[tuple[str, bool]]:
    """Yield the parameters of a route in the query, and whether they may be repeated."""
    yield from _declared(route.dependant)
    for parameter in (route.openapi_extra or {}).get("parameters", ()):
        if parameter["in"] == "query":
            yield parameter["name"], parameter["schema"].get("type") == "array"


def _reads(route: Any, header: str) -> bool:
    described = (route.openapi_extra or {}).get("parameters", ())
    return any(parameter["in"] == "header" and parameter["name"] == header for parameter in described)


def _declared(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        yield field.alias, _is_list(field.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _declared(inner)


def _is_list(annotation: Any) -> bool:
    """Tell whether a parameter is a list, or a list that may be left out."""
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


def canonical(name: str) -> str:
    """Return the spelling of a parameter that routes know."""
    return SPELLINGS.get(name, name)


class OneSpelling:
    """ASGI middleware: every parameter reaches its route in the one spelling that the route knows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, other spellings replaced."""
        if scope["type"] == "http" and (query := scope["query_string"]):
            respelled = b"&".join(map(_respelled, query.split(b"&")))
            if respelled != query:
                scope = {**scope, "query_string": respelled}
        await self.app(scope, receive, send)


def _respelled(pair: bytes) -> bytes:
    name, equals, value = pair.partition(b"=")
    if name not in _OTHERS and b"%" not in name and b"+" not in name:  # escaped, it could be anything
        return pair
    other = SPELLINGS.get(unquote_plus(name.decode("latin-1")))
    return other.encode() + equals + value if other else pair


def _day(given: object) -> object:
    """Return a day as it is written: pydantic alone would read digits as seconds since 1970."""
    if isinstance(given, str):
        day = read_day(given)
        if day is None:
            # Not a ValueError: pydantic would tell it as "Value error, ...".
            raise PydanticCustomError("day", "a date is written YYYY-MM-DD")
        return day
    return given


Day = Annotated[date, BeforeValidator(_day)]
"""A date as YYYY-MM-DD, and nothing else."""

Language = Annotated[
    str,
    AfterValidator(language),
    Query(
        description="Language of labels and texts: en or pt-BR.",
        json_schema_extra={"pattern": "^([Ee][Nn]|[Pp][Tt])(-[A-Za-z0-9]{1,8})*$"},
    ),
]
"""The supported language that a tag asks for; an unknown one is refused."""
