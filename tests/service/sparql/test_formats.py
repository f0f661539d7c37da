"""Rows are counted right in whatever pieces the engine's writers deliver them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, QueryResultsFormat, QuerySolutions, Store

from stratagraph.service.sparql.formats import row_counter

FORMATS = [QueryResultsFormat.JSON, QueryResultsFormat.XML, QueryResultsFormat.CSV, QueryResultsFormat.TSV]
NASTY = st.text(alphabet='},{"\\\n\r\t<>/result', max_size=12)


@pytest.mark.parametrize("form", FORMATS, ids=str)
@given(rows=st.lists(st.none() | NASTY, min_size=1, max_size=6), size=st.integers(1, 40))
def test_rows_are_counted_across_pieces(form: QueryResultsFormat, rows: list[str | None], size: int) -> None:
    values = " ".join("(UNDEF UNDEF)" if row is None else f"({Literal(row)} {Literal(row)})" for row in rows)
    found = Store().query(f"SELECT * {{ VALUES (?a ?b) {{ {values} }} }}")
    assert isinstance(found, QuerySolutions)
    data = found.serialize(format=form)
    assert data is not None
    counter = row_counter(form)
    counted = [counter.feed(data[start : start + size]) for start in range(0, len(data), size)]
    assert counted[-1] == len(rows)
