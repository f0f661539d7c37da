"""Texts of triples become one document."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.views.triple_edits import PIECE, document


@given(st.integers(0, 2 * PIECE + 1), st.text(max_size=5), st.integers(1, 5_000))
def test_a_document_reads_as_all_its_texts_in_order(number: int, end: str, size: int) -> None:
    texts = [f"<http://x/{place}> <http://x/p> {end!r}" for place in range(number)]
    with document(texts) as file:
        pieces = list(iter(lambda: file.read(size), b""))
    assert all(len(piece) == size for piece in pieces[:-1])
    assert b"".join(pieces).decode() == "".join(f"{text} .\n" for text in texts)
