"""Texts that were packed come back as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology import packing
from stratagraph.ontology.packing import pack, unpack

TEXTS = st.lists(st.text(st.characters(), max_size=6), max_size=20)


@given(TEXTS)
def test_texts_come_back(texts: list[str]) -> None:
    assert list(unpack(pack(texts))) == texts


def test_they_come_back_from_many_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST", 3)
    texts = ["a", "", "\ud800", "\U0001f600", "é\n", "\0", "last"]
    packed = pack(iter(texts))
    assert len(packed) == 3
    assert list(unpack(packed)) == texts
