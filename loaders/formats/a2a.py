"""Cards of agents of the A2A protocol: 0.2 and 0.3, 1.0, and both generations in one document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from stratagraph.loaders.formats.core_yaml import Path
from stratagraph.loaders.formats.description import Description
from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.fields import Fields
from stratagraph.loaders.formats.ignored_fields import ignored_fields
from stratagraph.loaders.formats.secrets import public_url
from stratagraph.loaders.kinds import Kind
from stratagraph.ontology.namespaces import RDFS, SG

_SCHEMES: Final = {
    "apiKeySecurityScheme": "apiKey",
    "httpAuthSecurityScheme": "http",
    "oauth2SecurityScheme": "oauth2",
    "openIdConnectSecurityScheme": "openIdConnect",
    "mtlsSecurityScheme": "mutualTLS",
}
"""What 1.0 calls the types of the schemes, by the name that OpenAPI and 0.3 have for them."""
_DEFAULT_TRANSPORT: Final = "JSONRPC"


class A2aCard:
    """The format."""

    kind = Kind.A2A

    def recognises(self, document: Document) -> bool:
        """Tell whether a document is an agent's card, or a list of them."""
        return bool(cards := _cards(document)) and all(_is_card(value) for value, _ in cards)

    def read(self, document: Document, description: Description) -> None:
        """State each agent, its organisation, where it answers, how callers prove who they are, and its skills.

        Raises:
            MalformedDocument: a card names nobody.
        """
        for value, at in _cards(document):
            self._state(Fields(description, value, at))

    @staticmethod
    def _state(card: Fields) -> None:
        description = card.description
        name = card.text("name")
        organisation = card.fields("provider").text("organization")
        interfaces = list(dict.fromkeys(_interfaces(card)))
        # A name is unique within an organisation; without one, at the host that answers.
        group = organisation or next((_host(url) for _, url in interfaces if _host(url)), "")
        agent = description.asset(SG.Agent, name, None, group, at=card.place("name"))
        description.state(agent, SG.version, card.text("version"), at=card.place("version"))
        description.state(agent, SG.purpose, card.text("description"), at=card.place("description"))
        if organisation:
            at = card.place("provider")
            description.state(agent, SG.providedBy, description.asset(SG.Organisation, organisation, at=at), at=at)
        place = card.place("supportedInterfaces" if "supportedInterfaces" in card else "url")
        for said, url in interfaces:
            description.state(agent, SG.interface, said, at=place)
            description.state(agent, SG.url, url, at=place)
        for said in _authentication(card):
            description.state(agent, SG.authentication, said, at=card.place("securitySchemes"))
        for skill in card.each("skills"):
            identity = skill.text("id") or skill.text("name")
            if identity:
                tool = description.asset(SG.Tool, identity, name, group, at=skill.at)
                description.state(tool, RDFS.label, skill.text("name"), at=skill.place("name"))
                description.state(tool, SG.purpose, skill.text("description"), at=skill.place("description"))
                description.state(agent, SG.mayUseTool, tool, at=skill.at)
        card.rest(ignored_fields("a2a"))


def _cards(document: Document) -> list[tuple[Any, Path]]:
    """Return the cards of a document with their places: one, a list, or the result of a call that asks for one."""
    found: list[tuple[Any, Path]] = []
    for number, value in enumerate(document.values):
        if isinstance(value, list):
            found += [(each, (number, place)) for place, each in enumerate(value)]
        elif isinstance(value, Mapping) and "jsonrpc" in value and isinstance(value.get("result"), Mapping):
            found.append((value["result"], (number, "result")))
        elif value is not None:
            found.append((value, (number,)))
    return found


def _is_card(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("skills"), list):
        return False
    told = isinstance(value.get("name"), str) and isinstance(value.get("capabilities", {}), Mapping)
    return told and (isinstance(value.get("supportedInterfaces"), list) or isinstance(value.get("url"), str))


def _interfaces(card: Fields) -> Iterator[tuple[str, str]]:
    """Yield where an agent answers; the fields of 0.3 beside those of 1.0 only repeat one of them."""
    if listed := card.each("supportedInterfaces"):
        for each in listed:
            protocol = each.text("protocolBinding") or each.text("transport")
            yield _interface(protocol, each.text("protocolVersion"), each.text("url"), each.text("tenant"))
        return
    version = card.text("protocolVersion")
    if url := card.text("url"):
        yield _interface(card.text("preferredTransport") or _DEFAULT_TRANSPORT, version, url)
    for each in card.each("additionalInterfaces"):
        yield _interface(each.text("transport"), version, each.text("url"))


def _interface(protocol: str, version: str, url: str, tenant: str = "") -> tuple[str, str]:
    # 0.3.0 and 0.3 are one version of the protocol.
    short = ".".join(version.split(".")[:2])
    place = public_url(url)
    said = " ".join(part for part in (protocol, short, place) if part)
    return (f"{said} (tenant {tenant})" if tenant else said), place


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _authentication(card: Fields) -> Iterator[str]:
    """Yield the alternatives by which a caller may prove who it is; schemes that go together stand in one."""
    schemes = card.raw("securitySchemes")
    kinds = {name: _kind(said) for name, said in schemes.items()} if isinstance(schemes, Mapping) else {}
    required = card.raw("securityRequirements")
    older = not isinstance(required, list)
    if older:
        required = card.raw("security")
    # The first versions name the kinds alone, and a credential beside them.
    for scheme, _ in card.fields("authentication").texts("schemes"):
        yield scheme
    for alternative in required if isinstance(required, list) else ():
        inner = alternative if older or not isinstance(alternative, Mapping) else alternative.get("schemes")
        if isinstance(inner, Mapping) and inner:
            yield " + ".join(_said(name, kinds.get(name, ""), _scopes(scopes)) for name, scopes in inner.items())


def _kind(scheme: Any) -> str:
    if not isinstance(scheme, Mapping):
        return ""
    if isinstance(scheme.get("type"), str):
        return str(scheme["type"])
    return next((kind for name, kind in _SCHEMES.items() if name in scheme), "")


def _scopes(scopes: Any) -> list[str]:
    """Return the permissions that are asked for: a list in 0.3, in 1.0 an object with one, and none is ``{}``."""
    listed = scopes.get("list") if isinstance(scopes, Mapping) else scopes
    return [str(scope) for scope in listed] if isinstance(listed, list) else []


def _said(name: str, kind: str, scopes: list[str]) -> str:
    told = f"{name}: {kind}" if kind else name
    return f"{told} ({', '.join(scopes)})" if scopes else told


FORMAT: Final = A2aCard()
