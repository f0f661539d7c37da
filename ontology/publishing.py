"""The ontology as documents for other tools: merged or by module, in every syntax."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from stratagraph.ontology.blanks import is_blank
from stratagraph.ontology.errors import StratagraphError
from stratagraph.ontology.facts import Fact, Term
from stratagraph.ontology.model import OntologyModel, read_module
from stratagraph.ontology.namespaces import OWL, PREFIXES, SKOLEM_BASE
from stratagraph.ontology.terms import to_ox

ROOT_FILE: Final = Path(__file__).parent / "stratagraph.ttl"
_NO_LABEL: Final = re.compile(r"[^0-9A-Za-z]")


class Syntax(StrEnum):
    """The syntaxes in which an ontology is written, by media type."""

    TURTLE = "text/turtle"
    RDFXML = "application/rdf+xml"
    JSONLD = "application/ld+json"


_FORMATS: Final = {
    Syntax.TURTLE: ox.RdfFormat.TURTLE,
    Syntax.RDFXML: ox.RdfFormat.RDF_XML,
    Syntax.JSONLD: ox.RdfFormat.JSON_LD,
}


class NoSuchModule(StratagraphError, slug="no-such-module", status=404):
    """A module that the ontology does not have."""

    text = "The ontology has no module {name}. The modules are: {known}."

    name: str
    known: str


def merged(model: OntologyModel) -> list[Fact]:
    """Return all modules as one ontology: the root's header in place of theirs, and no imports."""
    headers = model.graph.instances(OWL.Ontology)
    root = [fact for fact in root_facts() if fact.predicate != OWL.imports]
    return [*root, *(fact for fact in model.triples if fact.subject not in headers)]


def root_facts() -> tuple[Fact, ...]:
    """Return what the root ontology says: what the whole is called, who made it, and what it imports."""
    return read_module(ROOT_FILE, ROOT_FILE.name)


def module_facts(model: OntologyModel, name: str) -> tuple[Fact, ...]:
    """Return what a module says, by the name of its file without the ending.

    Raises:
        NoSuchModule: naming those that there are.
    """
    modules = {module.rpartition(".")[0]: facts for module, facts in model.modules.items()}
    if name not in modules:
        raise NoSuchModule(name=name, known=", ".join(modules))
    return modules[name]


def written(facts: Iterable[Fact], syntax: Syntax) -> bytes:
    """Write facts as a document; class expressions and lists stand on blank nodes again, as OWL wants them."""
    triples = (ox.Triple(_node(f.subject), ox.NamedNode(f.predicate), _node(f.object)) for f in facts)
    prefixes = {prefix: str(base) for prefix, base in PREFIXES.items()}
    document = ox.serialize(triples, format=_FORMATS[syntax], prefixes=prefixes)
    assert document is not None  # nothing was given to write to
    return document


def _node(term: Term) -> Any:
    if isinstance(term, str) and is_blank(term):
        # Letters and digits make a label in every syntax.
        return ox.BlankNode("b" + _NO_LABEL.sub("x", term.removeprefix(SKOLEM_BASE)))
    return to_ox(term)
