"""The only place that spells an IRI."""

from __future__ import annotations

import re
from typing import Final


class Namespace(str):
    """An IRI prefix whose attributes and items are the IRIs below it."""

    __slots__ = ("__dict__",)

    def __getattr__(self, name: str) -> str:
        """Return the IRI of a term: ``SG.Asset``."""
        # Copying and pickling ask every object for names like these.
        if name.startswith("__"):
            raise AttributeError(name)
        # Kept, for loops over the whole ontology ask for the same few terms: the next time finds it without a call.
        iri = self.__dict__[name] = str(self) + name
        return iri

    def term(self, name: str) -> str:
        """Return the IRI of a term whose name is no Python identifier, or is a method of ``str``."""
        return str(self) + name


SG: Final = Namespace("https://w3id.org/stratagraph/ns#")
"""The ontology: classes, relations, metrics, levels, change kinds."""

ONTOLOGY_IRI: Final = str(SG)
ROOT_IRI: Final = "https://w3id.org/stratagraph"
"""The ontology that imports every module; every IRI of the core begins with it."""
MODULE_BASE: Final = "https://w3id.org/stratagraph/module/"
"""Base of the ontology of each module."""
ASSET_BASE: Final = "https://w3id.org/stratagraph/asset/"
"""Default base of asset IRIs; an organisation configures its own."""
STATEMENT_BASE: Final = "https://w3id.org/stratagraph/statement/"
"""Base of the nodes of statements that telemetry measured."""
CLAIMS_BASE: Final = "https://w3id.org/stratagraph/claims/"
"""Base of the named graphs that hold what the same sources state, one for each set of claims."""
OBSERVATION_BASE: Final = "https://w3id.org/stratagraph/observation/"
SCOPE_BASE: Final = "https://w3id.org/stratagraph/scope/"
"""Base of the nodes that say when a scope of a source was last seen."""
SOURCE_BASE: Final = "https://w3id.org/stratagraph/source/"
INFLUENCE_BASE: Final = "https://w3id.org/stratagraph/influence/"
"""Base of the named graphs that hold the pairs of assets of which one influences the other in the same way."""
SKOLEM_BASE: Final = "https://w3id.org/stratagraph/.well-known/genid/"
SHAPE_BASE: Final = "https://w3id.org/stratagraph/shape/"
"""Base of the data shapes that the gate checks."""
SCHEMA_BASE: Final = "https://w3id.org/stratagraph/schema/"
"""Base of the nodes that tell of kinds and relations how many there are."""
RULE: Final = Namespace("https://w3id.org/stratagraph/rule/")
"""Compliance rules and their shapes."""
PROBLEM_BASE: Final = "https://w3id.org/stratagraph/problem/"
"""Base of the ``type`` of problem details."""

MLBOM_PROPERTY: Final = "stratagraph:"
"""What the names of our properties in a bill of materials of CycloneDX begin with."""

RDF: Final = Namespace("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
RDFS: Final = Namespace("http://www.w3.org/2000/01/rdf-schema#")
OWL: Final = Namespace("http://www.w3.org/2002/07/owl#")
XSD: Final = Namespace("http://www.w3.org/2001/XMLSchema#")
SKOS: Final = Namespace("http://www.w3.org/2004/02/skos/core#")
SH: Final = Namespace("http://www.w3.org/ns/shacl#")
DASH: Final = Namespace("http://datashapes.org/dash#")
DCT: Final = Namespace("http://purl.org/dc/terms/")
DC: Final = Namespace("http://purl.org/dc/elements/1.1/")
SEMAPV: Final = Namespace("https://w3id.org/semapv/vocab/")
VANN: Final = Namespace("http://purl.org/vocab/vann/")
SWRL: Final = Namespace("http://www.w3.org/2003/11/swrl#")
PROV: Final = Namespace("http://www.w3.org/ns/prov#")
EARL: Final = Namespace("http://www.w3.org/ns/earl#")
XML: Final = Namespace("http://www.w3.org/XML/1998/namespace")
"""What ``xml:base`` and ``xml:lang`` belong to; it ends in no separator."""
ITS: Final = Namespace("http://www.w3.org/2005/11/its")
VS: Final = Namespace("http://www.w3.org/2003/06/sw-vocab-status/ns#")
VOID: Final = Namespace("http://rdfs.org/ns/void#")

PREFIXES: Final[dict[str, str]] = {
    "sg": SG,
    "asset": ASSET_BASE,
    "shape": SHAPE_BASE,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "sh": SH,
    "dct": DCT,
    "prov": PROV,
    "earl": EARL,
    "vs": VS,
    "void": VOID,
}
"""Prefixes that names given by people, queries and output may use."""


def compact(iri: str) -> str:
    """Return the IRI as a CURIE where a known prefix covers it, else the IRI itself."""
    for prefix, base in PREFIXES.items():
        if iri.startswith(base) and len(iri) > len(base):  # the base itself has no local name to show
            return f"{prefix}:{iri[len(base) :]}"
    return iri


def expand(name: str) -> str | None:
    """Return the IRI of a CURIE with a known prefix, else None."""
    prefix, colon, local = name.partition(":")
    base = PREFIXES.get(prefix)
    return base + local if colon and base is not None else None


def local_name(iri: str) -> str:
    """Return what follows the last ``#``, ``/`` or ``:`` of an IRI."""
    return re.split(r"[#/:]", iri)[-1]
