"""What is wrong with a query is one readable line with the place."""

from __future__ import annotations

import pytest
from pyoxigraph import Store

from stratagraph.ontology.namespaces import PREFIXES
from stratagraph.service.sparql.syntax import in_one_line

CASES = {
    "SELEKT * WHERE {}": "line 1, column",
    "SELECT ?x WHERE { ?x ?y }": "line 1, column 26: the query ends too early.",
    "SELECT ?x WHERE { ?x a nope:y }": "the prefix 'nope:' is not declared",
    "PREFIX a: <b:c> SELECT ?x { ?x a a:b ; other:p ?y }": "the prefix 'other:' is not declared",
    "SELECT * {\n ?a ?b ?c .\n FILTER(?a = }": "line 3, column 15",
    "SELECT (COUNT(*) AS ?a) ?b {?a ?b ?c}": "the select contains a variable that is unbound.",
    "SELECT ?x WHERE { ?x ?y ?z } ORDER ?x": "line 1, column 38",
    "": "line 1, column 1: the query ends too early.",
}


@pytest.mark.parametrize("query", CASES, ids=lambda query: query[:20] or "empty")
def test_a_mistake_is_told_in_one_line(query: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        Store().query(query, prefixes=PREFIXES)
    told = in_one_line(str(caught.value), query)
    assert CASES[query] in told
    assert "\n" not in told
    assert "'\\u{" not in told
    assert len(told) < 200
