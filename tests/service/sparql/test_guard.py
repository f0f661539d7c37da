"""What the guard refuses, what it must let pass, and that nothing it passes makes the engine fetch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from stratagraph.service.sparql.errors import QueryRefused, QuerySyntax, QueryTooDeep
from stratagraph.service.sparql.guard import QueryForm, check, stated_limit
from stratagraph.service.sparql.lexer import tokens
from stratagraph.service.workers.errors import QueryTooLong
from stratagraph.service.workers.limits import QuerySettings

LIMITS = QuerySettings()
DEAD = "<http://127.0.0.1:1/>"  # a port that the engine refuses to call, which shows that it would have called
WORDS = ["SERVICE", "service", "LOAD", "Clear", "drop", "CREATE", "add", "MOVE", "copy", "INSERT", "delete"]

PLACES = [
    "ASK {{ ?s ?p '{0}' }}",
    'ASK {{ ?s ?p """a " {0} \\""" {0} """ }}',
    "ASK {{ ?s ?p 'it\\'s {0} <x' }}",
    "ASK {{ ?s ?p <http://example.org/{0}> }}",
    "ASK {{ ?s ?p ?o }} # {0}",
    "ASK {{ # {0} <x> {{\n ?s ?p ?o }}",
    "ASK {{ ?{0} $p ?{0} FILTER(?{0}<?p) }}",
    "PREFIX {0}: <http://example.org/> ASK FROM {0}:g {{ {0}:a {0}:{0} {0}: }}",
    "PREFIX e: <http://example.org/> ASK {{ e:{0} e:a\\'{0} e:%41{0} }}",
    "ASK {{ _:{0} ?p 'x'@{0} }}",
    "ASK {{ GRAPH ?g {{ ?s ?p '\\u0041 {0}' }} }}",
]
SPELLINGS = [
    "ASK {{ {0} <http://example.org/> {{}} }}",
    "ASK {{{0}<http://example.org/>{{}}}}",
    "ASK {{ # '\n{0} ?x {{}} }}",
    "ASK {{ ?s ?p 'a' . {0} SILENT ?x {{}} }}",
    "ASK {{ ?s ?p ?o }} ; {0} <http://example.org/>",
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_is_no_keyword_passes(place: str, word: str) -> None:
    assert check(place.format(word), LIMITS) is QueryForm.ASK


@pytest.mark.parametrize("place", SPELLINGS)
@given(word=st.sampled_from(WORDS), data=st.data())
def test_a_keyword_is_refused_however_it_is_spelled(place: str, word: str, data: st.DataObject) -> None:
    spelled = "".join(
        data.draw(st.sampled_from([c.lower(), c.upper(), f"\\u{ord(c):04x}", f"\\U{ord(c):08X}"])) for c in word
    )
    with pytest.raises(QueryRefused):
        check(place.format(spelled), LIMITS)


PIECES = [
    "SERVICE", "service", "SILENT", DEAD, ":x", "e:x", "SERVICEe:x", "SERVICE:x", "servicesilente:x", "trueSERVICE",
    "{", "}", "{}", "{ ?s ?p ?o }", "(", ")", "?s", "?p", "?o", "?s ?p ?o", ".", "..", ";", ",",
    "true", "1", "1.5", "a", "'x'", "''", '"', "'''",
    "\\u0022", "\\u007b", "\\'", "#", "\n", " ", "<", ">", "<?x", "?x>", "!", "^",
    "^^", "@en", "*", "FILTER", "OPTIONAL", "MINUS", "GRAPH", "UNION", "VALUES ?v",
    "BIND(1 AS ?b)", "NOT EXISTS", "_:b", "[]", "%53",
]  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["", " "]))
def test_what_passes_makes_the_engine_call_nobody(pieces: list[str], between: str) -> None:
    prologue = "PREFIX : <http://127.0.0.1:1/> PREFIX e: <http://127.0.0.1:1/> PREFIX SERVICEe: <http://e/> "
    text = f"{prologue} ASK {{ {between.join(pieces)} }}"
    try:
        check(text, LIMITS)
    except (QueryRefused, QuerySyntax, QueryTooDeep):
        return
    assert not calls_out(text)


@pytest.mark.parametrize("call", [f"SERVICE {DEAD}", "SERVICE:x", "SERVICEe:x", "servicesilente:x"])
@pytest.mark.parametrize("before", ["", "{}", "?s ?p ?o .", "?s ?p true ", "FILTER(1<2)"])
def test_the_engine_reads_a_call_where_the_guard_refuses_one(before: str, call: str) -> None:
    text = f"PREFIX : <http://127.0.0.1:1/> PREFIX e: <http://127.0.0.1:1/> ASK {{ {before}{call} {{ ?s ?p ?o }} }}"
    assert calls_out(text) or "silent" in call
    with pytest.raises(QueryRefused):
        check(text, LIMITS)


def calls_out(text: str) -> bool:
    """Tell whether the engine tries to reach a service; one solution is there for it to try with."""
    store = Store()
    store.add(Quad(NamedNode("http://e/s"), NamedNode("http://e/p"), Literal(True)))
    try:
        store.query(text)
    except SyntaxError:
        return False
    except OSError as error:
        return "port 1" in str(error)
    return False


CHAINS = {
    "parentheses": lambda n: "ASK { FILTER(" + "(" * n + "1" + ")" * n + ") }",
    "groups": lambda n: "ASK " + "{" * n + "}" * n,
    "blank nodes": lambda n: "ASK { ?s ?p " + "[ ?q " * n + "1" + "]" * n + " }",
    "brackets in an IRI": lambda n: "ASK { FILTER(?a<" + "(" * n + "1" + ")" * n + ">2) }",
    "not": lambda n: "ASK { FILTER(" + "!" * n + "true) }",
    "or": lambda n: "ASK { FILTER(" + "||".join(["?a"] * n) + ") }",
    "sum": lambda n: "ASK { FILTER(" + " + ".join(["?a"] * n) + ") }",
    "union": lambda n: "ASK { " + " UNION ".join(["{}"] * n) + " }",
    "sequence path": lambda n: "ASK { ?s " + "/".join(["<x>"] * n) + " ?o }",
    "nested path": lambda n: "ASK { ?s " + "(" * n + "<x>" + ")*" * n + " ?o }",
    "optional": lambda n: "ASK { " + "OPTIONAL {} " * n + " }",
    "bind": lambda n: "ASK { " + "BIND(1 AS ?x) " * n + " }",
    "escaped braces": lambda n: "ASK " + "\\u007b" * n,
}


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_deep_and_long_chains_are_refused_and_short_ones_pass(chain: object) -> None:
    assert callable(chain)
    assert check(chain(20), LIMITS) is QueryForm.ASK
    with pytest.raises(QueryTooDeep):
        check(chain(1000), LIMITS)


def test_long_lists_of_values_pass() -> None:
    rows = "ASK { VALUES (?a ?b) { " + "(1 2)" * 5000 + " } }"
    assert check(rows, LIMITS) is QueryForm.ASK
    assert check("ASK { FILTER(?a IN (" + ",".join(["1"] * 5000) + ")) }", LIMITS) is QueryForm.ASK


def test_a_query_beyond_the_length_is_refused() -> None:
    with pytest.raises(QueryTooLong):
        check("ASK {} #" + "é" * (LIMITS.query_bytes // 2), LIMITS)


@pytest.mark.parametrize("text", ["ASK { ?s ?p 'open }", 'ASK { ?s ?p """open }', "ASK { ?s ?p 'a\nb' }"])
def test_a_string_without_end_is_a_syntax_error(text: str) -> None:
    with pytest.raises(QuerySyntax, match=r"line 1, column 1[35]"):
        check(text, LIMITS)


@pytest.mark.parametrize("form", QueryForm)
def test_the_form_is_the_first_keyword_behind_the_prologue(form: QueryForm) -> None:
    assert check(f"BASE <http://ask/> PREFIX ask: <x>#describe\n{form.upper()} * {{ SELECT }}", LIMITS) is form


@given(st.text(alphabet="aA.:<>\"'\\#{}()?@_u0041é \n", max_size=60))
def test_every_character_is_read_at_most_once(text: str) -> None:
    try:
        found = list(tokens(text))
    except QuerySyntax:
        return
    ends = [token.start + len(token.text) for token in found]
    assert all(end <= after.start for end, after in zip(ends, found[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("SELECT * { ?s ?p ?o } LIMIT 10", 10),
        ("SELECT*{?s ?p ?o}limit 10 OFFSET 3", 10),
        ("SELECT * { ?s ?p ?o } OFFSET 3 # LIMIT 5\nLIMIT 010", 10),
        ("SELECT * { ?s ?p ?o }", None),
        ("SELECT * { { SELECT * { ?s ?p ?o } LIMIT 5 } }", None),
        ("SELECT * { { SELECT * { ?s ?p ?o FILTER(?s<?p) } LIMIT 5 } } LIMIT 20", 20),
        ("SELECT * { ?s ?p ' } LIMIT 5' }", None),
        ("SELECT * { ?s ?p ?limit } # } LIMIT 5", None),
        ("PREFIX limit: <http://e/> SELECT * { ?s limit:a 5 }", None),
        ("SELECT * { ?s ?p ?o } LIMIT 5 LIMIT 10", None),
        ("SELECT * { ?s ?p ?o } L\\u0049MIT 5", None),
        ("SELECT * { ?s ?p ?o } LIMIT " + "9" * 5000, None),
        ("SELECT * { ?s ?p 'no end } LIMIT 5", None),
    ],
)
def test_the_limit_of_a_query_is_its_own_alone(text: str, limit: int | None) -> None:
    assert stated_limit(text) == limit


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_no_query_has_more_rows_than_its_stated_limit(outer: int, inner: int, offset: int, nested: bool) -> None:
    rows = "VALUES ?x { 1 2 3 4 5 6 }"
    group = f"{{ SELECT * {{ {rows} }} LIMIT {inner} }}" if nested else rows
    text = f"SELECT * {{ {group} }} OFFSET {offset} LIMIT {outer}"
    assert stated_limit(text) == outer
    assert len(list(Store().query(text))) <= outer  # type: ignore[arg-type]  # solutions


def test_what_could_pass_a_limit_only_by_its_dots_is_walked_through() -> None:
    chained = "ASK { ?s " + "/".join(["e:a"] * 10) + " ?o . " + "a.union.union." * 300 + "a" + " }"
    with pytest.raises(QueryTooDeep):
        check(chained, LIMITS)
