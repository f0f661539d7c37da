"""Which terms of SHACL's namespace a shape may carry: those that describe, and those that would change a validation."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from stratagraph.ontology.facts import Iri, Term
from stratagraph.ontology.namespaces import DASH, SH, compact
from stratagraph.shapes.components import COMPONENTS, SECONDARY, TRUE
from stratagraph.shapes.data_graph import DataGraph
from stratagraph.shapes.shape import TARGETS

_DESCRIBING: Final = frozenset(
    map(
        SH.term,
        (
            *("path", "severity", "message", "deactivated"),
            *("name", "description", "order", "group", "defaultValue"),
            *("agentInstruction", "codeIdentifier", "intent"),
            *("shapesGraph", "suggestedShapesGraph", "declare", "prefixes", "labelTemplate"),
        ),
    )
)
"""Terms that say something of a shape, or how its results look, and nothing of what conforms to it."""

MAKES_SHAPES: Final = tuple(map(SH.term, ("sparql", "js", "rule", "target", "expression", "values")))
"""Terms beyond Core that make a node a shape."""

_CHANGING: Final = frozenset(
    {
        *MAKES_SHAPES,
        *map(
            SH.term,
            (
                *("select", "ask", "construct", "validator", "nodeValidator", "propertyValidator"),
                *("targetType", "targetWhere", "filterShape", "nodes", "condition"),
                *("memberShape", "minListLength", "maxListLength", "uniqueMembers"),
                *("nodeByExpression", "reificationRequired", "reifierShape", "rootClass"),
                *("singleLine", "someValue", "subsetOf", "uniqueValuesFor"),
            ),
        ),
    }
)
"""Terms of SHACL-SPARQL, the advanced features and SHACL 1.2 that the checker does not know."""

GRAPH_WIDE: Final = (SH.entailment, SH.parameter)
"""Declarations that change what every shape means: an entailment regime, a component of one's own."""

_FOREIGN: Final = frozenset(
    map(
        DASH.term,
        (
            *("closedByTypes", "coExistsWith", "hasValueIn", "hasValueWithClass", "maxListLength", "memberShape"),
            *("minListLength", "nonRecursive", "reifiableBy", "rootClass", "singleLine", "stem", "subSetOf"),
            *("symmetric", "uniqueMembers", "uniqueValueForClass", "uriStart"),
        ),
    )
)
"""Parameters of the components of DASH, which processors that know it check: they have no effect here."""

_KNOWN: Final = _DESCRIBING | set(SECONDARY) | set(COMPONENTS) | set(TARGETS)


def is_understood(term: Iri) -> bool:
    """Say whether a term of a shape is checked, or need not be."""
    return term in _KNOWN or not (term.startswith(SH) or term in _FOREIGN)


def changes_validation(term: Iri) -> bool:
    """Say whether a term that is not understood would change what conforms."""
    return term in _CHANGING


def is_silent(graph: DataGraph, values: Iterable[Term]) -> bool:
    """Say whether all the constraints or rules that a term points to are switched off."""
    return all(TRUE in graph.objects(value, SH.deactivated) for value in values)


def meant(term: Iri) -> str:
    """Return the known term that an unknown one looks like, as a CURIE, or nothing."""
    known = {name.removeprefix(SH): name for name in (*_KNOWN, *_CHANGING)}
    close = get_close_matches(term.removeprefix(SH), known, n=1, cutoff=0.8)
    return compact(known[close[0]]) if close else ""
