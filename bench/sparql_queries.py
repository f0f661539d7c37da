"""What ``bench/sparql.py`` asks: look-ups, whose names change from query to query, and queries that read much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import estate

from stratagraph.ontology.namespaces import RDF, SG

JSON: Final = "application/sparql-results+json"
TURTLE: Final = "text/turtle"
_SG: Final = f"PREFIX sg: <{SG}> "
_STATEMENT: Final = f"?n <{RDF.subject}>"


@dataclass(frozen=True)
class Question:
    """A query by name; ``text`` takes the number of an asset, so that no two in a row need be alike."""

    name: str
    text: Callable[[int], str]
    accept: str = JSON


def _fixed(name: str, text: str, accept: str = JSON) -> Question:
    return Question(name, lambda _: _SG + text, accept)


def _node(number: int) -> str:
    return f"<{estate.asset(number)}>"


LOOK_UP: Final = Question("look-up by name", lambda n: _SG + f'SELECT ?s WHERE {{ ?s sg:name "bench-{n}" }}')

LIGHT: Final = (
    LOOK_UP,
    Question("all of one asset", lambda n: f"SELECT ?p ?o WHERE {{ {_node(n)} ?p ?o }}"),
    Question(
        "two hops", lambda n: _SG + f"SELECT ?b ?c WHERE {{ ?b sg:affects {_node(n)} . ?c sg:affects ?b }} LIMIT 50"
    ),
    Question(
        "who says one statement",
        lambda n: _SG + f"SELECT ?p ?o WHERE {{ {_STATEMENT} {_node(n)} ; <{RDF.predicate}> sg:name ; ?p ?o }}",
    ),
)

_ROWS: Final = "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 100000"

HEAVY: Final = (
    _fixed("count by kind", "SELECT ?k (COUNT(?s) AS ?n) WHERE { ?s a ?k } GROUP BY ?k"),
    _fixed("group by", "SELECT ?v (COUNT(?s) AS ?n) WHERE { ?s sg:provider ?v } GROUP BY ?v ORDER BY DESC(?n)"),
    _fixed("distinct", "SELECT DISTINCT ?v WHERE { ?s sg:region ?v }"),
    _fixed("absence", "SELECT (COUNT(?s) AS ?n) WHERE { ?s a sg:Agent . FILTER NOT EXISTS { ?s sg:usesModel ?m } }"),
    _fixed("minus", "SELECT (COUNT(?s) AS ?n) WHERE { ?s a sg:Agent MINUS { ?s sg:usesModel ?m } }"),
    _fixed("text", 'SELECT (COUNT(?s) AS ?n) WHERE { ?s sg:name ?name . FILTER(CONTAINS(?name, "99")) }'),
    _fixed("pattern", 'SELECT (COUNT(?s) AS ?n) WHERE { ?s sg:name ?name . FILTER(REGEX(?name, "9.*7$")) }'),
    _fixed(
        "three hops",
        "SELECT (COUNT(*) AS ?n) WHERE { ?a sg:usesModel ?m . ?m sg:trainedWith ?d . ?d sg:dependsOn ?x }",
    ),
    _fixed("star", "SELECT ?s ?p ?r ?v WHERE { ?s a sg:Prompt ; sg:provider ?p ; sg:region ?r ; sg:version ?v }"),
    _fixed(
        "optional", "SELECT ?s ?m ?d WHERE { ?s a sg:Agent OPTIONAL { ?s sg:usesModel ?m . ?m sg:trainedWith ?d } }"
    ),
    _fixed("path", f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ ?x sg:partOf+ {_node(0)} }}"),
    _fixed("union", "SELECT (COUNT(*) AS ?n) WHERE { { ?s sg:usesModel ?o } UNION { ?s sg:dependsOn ?o } }"),
    _fixed("order by", "SELECT ?s ?name WHERE { ?s sg:name ?name } ORDER BY ?name LIMIT 100"),
    _fixed("5,000 triples", "CONSTRUCT { ?s sg:name ?n } WHERE { ?s sg:name ?n } LIMIT 5000", TURTLE),
    _fixed("10,000 triples", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 10000", TURTLE),
    _fixed("100,000 rows, JSON", _ROWS),
    _fixed("100,000 rows, XML", _ROWS, "application/sparql-results+xml"),
    _fixed("100,000 rows, CSV", _ROWS, "text/csv"),
    _fixed("100,000 rows, TSV", _ROWS, "text/tab-separated-values"),
)
ROWS: Final = HEAVY[-4]
