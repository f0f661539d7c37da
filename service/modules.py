"""A user's modules on their way from the service to a command, which reads files by the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratagraph.ontology.facts import Fact
from stratagraph.ontology.model import OntologyModel, extend, load_model
from stratagraph.ontology.terms import decode, encode


def modules_document(model: OntologyModel) -> dict[str, Any]:
    """Return the modules beyond the core as JSON, each statement as three terms in N-Triples."""
    core = load_model().modules
    return {
        "hash": model.hash,
        "prefixes": {prefix: list(namespaces) for prefix, namespaces in model.prefixes.items()},
        "modules": {
            name: [[encode(fact.subject), encode(fact.predicate), encode(fact.object)] for fact in facts]
            for name, facts in model.modules.items()
            if name not in core
        },
    }


def read_modules(document: Mapping[str, Any]) -> OntologyModel:
    """Return the ontology that ``modules_document`` told."""
    modules = {name: tuple(_fact(terms) for terms in facts) for name, facts in document["modules"].items()}
    if not modules:
        return load_model()
    prefixes = {prefix: tuple(namespaces) for prefix, namespaces in document["prefixes"].items()}
    return extend(load_model(), modules, prefixes)


def _fact(terms: list[str]) -> Fact:
    return Fact(str(decode(terms[0])), str(decode(terms[1])), decode(terms[2]))
