"""Rows in a few large arrays are what a list of lists would be, through every way of keeping them."""

from __future__ import annotations

import pickle
from array import array
from bisect import insort
from collections import defaultdict
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology import number_rows
from stratagraph.ontology.number_rows import Rows

STEPS = st.lists(
    st.tuples(st.sampled_from(["own", "put", "settle", "keep"]), st.integers(0, 12), st.integers(0, 50)), max_size=40
)


@pytest.fixture(autouse=True)
def _lay_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "FEW", 2)


def kept(rows: Rows) -> Rows:
    """Return the rows as another process reads them."""
    buffers: list[pickle.PickleBuffer] = []
    written = pickle.dumps(rows, protocol=5, buffer_callback=buffers.append)
    assert buffers, "large arrays are not copied into the text of the pickle"
    again: Rows = pickle.loads(written, buffers=[buffer.raw() for buffer in buffers])  # noqa: S301  our own
    return again


@given(STEPS)
def test_rows_are_what_lists_would_be(steps: list[tuple[str, int, int]]) -> None:
    rows, plain = Rows(), defaultdict[int, list[int]](list)
    for what, place, value in steps:
        if what == "own":
            insort(rows.own(place), value)
            insort(plain[place], value)
        elif what == "put":
            plain[place] = [value, value + 1]
            rows.put(place, array("Q", plain[place]))
        elif what == "settle":
            rows.settle()
        else:
            rows = kept(rows)
        assert [list(rows.row(each)) for each in range(15)] == [plain[each] for each in range(15)]
        assert list(rows.places()) == sorted(each for each, row in plain.items() if row)
        for each in range(15):
            flat, start, end = rows.span(each)
            assert list(flat[start:end]) == plain[each]


def test_a_row_that_was_taken_stays_while_others_are_put() -> None:
    """Of two nodes a writer always changes one after the other: no reader finds a row that is neither old nor new."""
    rows, ends = Rows(), Event()
    wrong: list[list[int]] = []

    def read() -> None:
        while not ends.is_set():
            for place in range(8):
                row = list(rows.row(place))
                if len(set(row)) > 1:
                    wrong.append(row)

    reader = Thread(target=read)
    reader.start()
    for number in range(3_000):
        rows.put(number % 8, array("Q", [number] * (number % 5)))
        rows.settle()
    ends.set()
    reader.join()
    assert not wrong
