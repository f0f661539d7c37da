"""Who is who: the IRIs that assets, sources, claims, observations and influences get, always in the same way."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Attribution, Fact, Iri, Literal
from stratagraph.ontology.namespaces import (
    ASSET_BASE,
    CLAIMS_BASE,
    INFLUENCE_BASE,
    OBSERVATION_BASE,
    SCOPE_BASE,
    SOURCE_BASE,
    STATEMENT_BASE,
    compact,
    local_name,
)
from stratagraph.ontology.terms import encode

if TYPE_CHECKING:
    from stratagraph.ontology.model import OntologyModel

LONGEST_IRI: Final = 4096
"""Bytes of an IRI: a property graph finds its nodes by an index whose keys are shorter than 8 KiB."""
_QUOTED: Final = {code: quote(chr(code), safe="") for code in range(128)}
"""How a key writes each character of ASCII; most keys have no others, and every row of a table has a key."""
DIGEST_LENGTH: Final = 40
"""Hexadecimal digits kept of a SHA-256: 160 bits."""


class NoIdentity(StratagraphError, slug="no-identity", status=422):
    """A class whose individuals have no declared key."""

    text = "{cls} is no class of assets, so no IRI can be made. Use sg:Asset's sub-classes."

    cls: str


class KeyMissing(StratagraphError, slug="key-missing", status=422):
    """An individual without the first property of its key."""

    text = "A {cls} is known by its {missing}, which is missing or empty. State it."

    cls: str
    missing: str


def mint(model: OntologyModel, cls: Iri, key: Mapping[Iri, str], base: str = ASSET_BASE) -> Iri:
    """Return the IRI of the asset of a class that has these key values; further properties are ignored.

    The class only decides the kind, so that an asset keeps its IRI when its class becomes better known.

    Raises:
        NoIdentity: when the class declares and inherits no key.
        KeyMissing: when the first key property has no value.
    """
    info = model.classes.get(cls)
    if info is None or not info.key_properties:
        raise NoIdentity(cls=compact(cls))
    components = [_component(key.get(part, "")) for part in info.key_properties]
    if not components[0]:
        raise KeyMissing(cls=compact(cls), missing=compact(info.key_properties[0]))
    # A part that is missing at the end leaves no trace: an asset without a namespace has one IRI in every inventory.
    while not components[-1]:
        components.pop()
    return base + "/".join((local_name(info.kind), *components))


def _component(value: str) -> str:
    """Encode one key value so that values and path separators cannot be confused."""
    if value.isascii():
        return value.translate(_QUOTED)
    # An accent may be a character of its own or part of one: one name must not make two IRIs.
    return quote(unicodedata.normalize("NFC", value), safe="")


def statement_iri(fact: Fact) -> Iri:
    """Return the node of a statement, for what is measured on it."""
    return STATEMENT_BASE + _digest(encode(fact.subject), encode(fact.predicate), encode(fact.object))


def claims_iri(attributions: Iterable[Attribution]) -> Iri:
    """Return the named graph of all that has exactly these claims, whose order is that of source and scope."""
    return CLAIMS_BASE + _digest(
        *(
            part
            for source, scope, method, first_seen in attributions
            for part in (
                encode(Literal(source)),
                encode(Literal(scope)),
                method,
                first_seen.astimezone(UTC).isoformat(),
            )
        )
    )


@lru_cache(maxsize=65_536)
def observation_iri(subject: Iri, metric: Iri) -> Iri:
    """Return the node of the newest observation of a metric on a subject."""
    return OBSERVATION_BASE + _digest(encode(subject), encode(metric))


def scope_iri(source: str, scope: str) -> Iri:
    """Return the node that says when a scope of a source was last seen."""
    return SCOPE_BASE + _digest(encode(Literal(source)), encode(Literal(scope)))


def source_iri(source: str) -> Iri:
    """Return the node of a source, to which claims are attributed."""
    return SOURCE_BASE + _digest(encode(Literal(source)))


def source_reading_iri(source: str) -> Iri:
    """Return the node that says how a source is doing that is read by itself."""
    return f"{source_iri(source)}/reading"


def influence_iri(influencer: Iri, influenced: Iri) -> Iri:
    """Return the named graph of a pair whose influence was measured, and is like no other's."""
    return INFLUENCE_BASE + _digest(encode(influencer), encode(influenced))


def shared_influence_iri(said: Iterable[tuple[Iri, str]]) -> Iri:
    """Return the named graph of the pairs whose influence has these properties and values, in any order."""
    return INFLUENCE_BASE + _digest(*sorted(f"{encode(prop)} {value}" for prop, value in said))


def _digest(*terms: str) -> str:
    """Hash terms in N-Triples, which hold no raw line break and so cannot run into each other."""
    return hashlib.sha256("\n".join(terms).encode()).hexdigest()[:DIGEST_LENGTH]
