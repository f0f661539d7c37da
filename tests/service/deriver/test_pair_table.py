"""What pairs have, compared with a mapping after random changes."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology import number_rows
from stratagraph.service.deriver.pair_table import PairTable

nodes = st.integers(0, 5).map(lambda place: 2 * place)
values = st.sampled_from(["a", "b", "c"])
steps = st.lists(st.tuples(nodes, nodes, values | st.none(), st.booleans()), max_size=60)


@given(steps)
def test_it_is_a_mapping_of_pairs(happened: list[tuple[int, int, str | None, bool]]) -> None:
    table: PairTable[str] = PairTable()
    plain: dict[tuple[int, int], str] = {}
    for first, second, value, settles in happened:
        pair = first, second
        if value is not None:
            table.put(pair, value)
            plain[pair] = value
        elif pair in plain:
            table.drop(pair)
            del plain[pair]
        if settles:
            table = pickle.loads(pickle.dumps(table, protocol=5))  # noqa: S301  # our own bytes; it lays every row down
        assert table.get(pair) == plain.get(pair)
    assert {pair: table.get(pair) for pair in table} == plain
    assert len(table) == len(plain)
    assert sorted(table.of([2, 6])) == sorted(pair for pair in plain if pair[0] in (2, 6))
    assert sorted(value for value in table._values if value is not None) == sorted({*plain.values()}), "none is kept"


def test_values_that_come_and_go_take_no_room() -> None:
    table: PairTable[int] = PairTable()
    for value in range(1_000):
        table.put((0, 2), value)
        table.put((0, 4), -1)
        table.settle()
    assert len(table._values) <= 3
    assert table.get((0, 4)) is not None


def test_rows_are_laid_down_once_many_stand_by_themselves() -> None:
    table: PairTable[str] = PairTable()
    for place in range(number_rows.FEW + 10):
        table.put((2 * place, 0), "a")
    table.settle()
    assert not table._rows._laid.fresh
    assert all(table.get((2 * place, 0)) == "a" for place in range(number_rows.FEW + 10))
