"""The canonical bytes of a header, and commitments made many at a time."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.ledger.chain import Header, ScopeRun, commitment, commitments

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
NUMBERS = st.integers(0, 2**63 - 1)
DIGESTS = st.binary(min_size=32, max_size=32)
RUNS = st.lists(st.builds(ScopeRun, name=TEXTS, complete=st.booleans(), stated=NUMBERS, withdrawn=NUMBERS), max_size=3)


@given(
    st.builds(
        Header,
        sequence=NUMBERS,
        time=NUMBERS,
        kind=TEXTS,
        source=TEXTS,
        run=TEXTS,
        method=TEXTS,
        silence=st.none() | NUMBERS,
        ontology=TEXTS,
        note=TEXTS,
        scopes=RUNS.map(tuple),
        opened=NUMBERS,
        closed=NUMBERS,
        observed=NUMBERS,
        content=DIGESTS,
        facts=DIGESTS,
        observations=DIGESTS,
        previous=DIGESTS,
    )
)
def test_a_header_is_written_as_the_standard_library_writes_it_with_sorted_keys(header: Header) -> None:
    fields = {name: getattr(header, name) for name in Header.__slots__}
    fields |= {name: fields[name].hex() for name in ("content", "facts", "observations", "previous")}
    fields["scopes"] = [[run.name, run.complete, run.stated, run.withdrawn] for run in header.scopes]
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert header.canonical() == text.encode()


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), TEXTS), max_size=4))
def test_many_commitments_are_those_of_each(facts: list[tuple[bytes, str]]) -> None:
    salts, lines = [salt for salt, _ in facts], [line.encode() for _, line in facts]
    assert commitments(salts, lines) == [commitment(salt, line) for salt, line in facts]
