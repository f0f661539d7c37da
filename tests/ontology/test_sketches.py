from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from ddsketch.pb import ddsketch_pb2
from ddsketch.pb.proto import DDSketchProto
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.ontology.sketches import Bins, MalformedSketch, decode, encode, merge, quantile, sketch_of

pb: Any = ddsketch_pb2
proto: Any = DDSketchProto()
VALUES = st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=40)


def within(value: float | None, expected: float) -> bool:
    return value is not None and math.isclose(value, expected, rel_tol=0.0101, abs_tol=1e-300)


@given(VALUES, st.sampled_from([0.0, 0.07, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_the_value_of_the_upper_rank_to_one_percent(values: list[float], q: float) -> None:
    upper = sorted(values)[math.ceil(Fraction(str(q)) * (len(values) - 1))]
    assert within(quantile(encode(sketch_of(values)), q), upper)


@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_of_merged_sketches_is_that_of_all_values(parts: list[list[float]], q: float) -> None:
    values = sorted(value for part in parts for value in part)
    upper = values[math.ceil(Fraction(str(q)) * (len(values) - 1))]
    assert within(quantile(merge(encode(sketch_of(part)) for part in parts), q), upper)


@pytest.mark.parametrize(("count", "q", "expected"), [(2, 0.95, 2), (2, 0.5, 2), (3, 0.99, 3), (101, 0.07, 8)])
def test_few_values_do_not_hide_their_largest(count: int, q: float, expected: int) -> None:
    assert within(quantile(encode(sketch_of(map(float, range(1, count + 1)))), q), float(expected))


@given(VALUES)
def test_encoding_survives_a_round_trip(values: list[float]) -> None:
    data = encode(sketch_of(values))
    assert encode(decode(data)) == data
    assert decode(data).count == len(values)


@given(st.lists(VALUES, max_size=4))
def test_bins_of_parts_are_those_of_the_sketch_of_all_values(parts: list[list[float]]) -> None:
    together = [value for part in parts for value in (*part, 0.0, -5e-324)]
    told = Bins.merged([Bins.of([*part, 0.0, -5e-324]) for part in parts])
    assert told.encoded() == encode(sketch_of(together))


@given(st.lists(VALUES, max_size=4))
def test_merged_parts_equal_the_sketch_of_all_values(parts: list[list[float]]) -> None:
    merged = merge(encode(sketch_of(part)) for part in parts)
    everything = [value for part in parts for value in part]
    assert merged == (encode(sketch_of(everything)) if parts else b"")


def test_the_order_of_values_does_not_change_the_bytes() -> None:
    values = [0.2, 3.0, 0.1, 0.1, 44.0, 0.0, -2.0]
    assert encode(sketch_of(values)) == encode(sketch_of(reversed(values)))


def test_bytes_of_the_library_itself_are_read() -> None:
    sketch = sketch_of([0.2, 0.4, 0.8])
    data = proto.to_proto(sketch).SerializeToString()
    assert encode(decode(data)) == encode(sketch)


def test_empty_bytes_have_no_quantile() -> None:
    assert quantile(b"", 0.5) is None
    assert quantile(encode(sketch_of()), 0.5) is None


def test_a_sketch_of_scattered_values_stays_small() -> None:
    assert len(encode(sketch_of([1e-6, 1.0, 1e6]))) < 100


def message(**fields: object) -> bytes:
    mapping = pb.IndexMapping(gamma=vars(sketch_of())["_mapping"].gamma)
    return bytes(pb.DDSketch(**{"mapping": mapping, **fields}).SerializeToString())


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff",
        b"not a sketch",
        message(mapping=pb.IndexMapping(gamma=1.5)),
        message(mapping=pb.IndexMapping(gamma=1.02, interpolation=pb.IndexMapping.CUBIC)),
        message(positiveValues=pb.Store(binCounts={2**31 - 1: 1.0})),
        message(positiveValues=pb.Store(binCounts={1: -1.0})),
        message(zeroCount=math.inf),
    ],
)
def test_bytes_that_are_no_sketch_of_ours_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedSketch):
        decode(data)
