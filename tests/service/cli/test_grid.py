"""Tables on a terminal: aligned, never wider than the terminal, never steering it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.queries.csv_rows import delimited
from stratagraph.service.cli.answers import cypher_table, sparql_table
from stratagraph.service.cli.grid import grid

TABLES = st.integers(1, 5).flatmap(
    lambda n: st.lists(st.lists(st.text(max_size=30), min_size=n, max_size=n), min_size=1)
)


@given(TABLES, st.integers(60, 200))
def test_no_line_is_wider_than_the_terminal_and_no_row_is_lost(rows: list[list[str]], width: int) -> None:
    lines = grid(rows[0], rows[1:], width=width).split("\n")
    assert len(lines) == len(rows) + 1
    assert all(len(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)


def test_what_is_cut_says_so_and_wide_characters_count_twice() -> None:
    assert grid(["a"], [["日本語日本語"]], width=8).split("\n")[2] == "日本語…"
    assert grid(["a"], [["日本語日本語"]]).split("\n")[2] == "日本語日本語"


def test_answers_become_rows() -> None:
    uri = {"type": "uri", "value": "https://w3id.org/stratagraph/ns#Law"}
    label = {"type": "literal", "value": "Lei", "xml:lang": "pt-br"}
    document = {"head": {"vars": ["a", "b", "c"]}, "results": {"bindings": [{"a": uri, "b": label}]}}
    assert sparql_table(document) == (["a", "b", "c"], [["sg:Law", "Lei@pt-br", ""]])
    assert sparql_table({"boolean": True}) == (["answer"], [["true"]])
    table = cypher_table({"columns": ["n", "m"], "rows": [[{"name": "Lei, ü"}, None], ["a", 1]]})
    assert delimited(*table, tabs=False) == 'n,m\r\n"{""name"": ""Lei, ü""}",\r\na,1\r\n'
