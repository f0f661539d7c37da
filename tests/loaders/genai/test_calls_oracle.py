"""Calls told apart the fast way are those told apart the slow way, however spans hang together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from stratagraph.loaders.genai.aliases import load_aliases
from stratagraph.loaders.genai.attribute_values import field_of
from stratagraph.loaders.genai.calls import distinct_calls
from stratagraph.loaders.genai.contexts import Contexts, Forest, SpanContext, SpanContextCache, Waiting
from stratagraph.loaders.genai.normalise import _Reader, _Said, normalise
from stratagraph.loaders.genai.record import CallRecord, Provenance, RecordKind, Service, SpanKey, Usage
from stratagraph.loaders.otlp_traces import transform
from stratagraph.ontology.model import load_model
from stratagraph.ontology.namespaces import SG
from tests.loaders.genai.slow_calls import caller_of, slow_distinct_calls
from tests.loaders.spans import chat, pairs, request, span, totals

TRACE = bytes(15) + b"\x01"
IDS = st.integers(1, 9).map(lambda number: number.to_bytes(8))
COUNTS = st.none() | st.integers(0, 3)
RECORDS = st.lists(
    st.builds(
        CallRecord,
        trace=st.just(TRACE),
        span=IDS,
        parent=st.just(b"") | IDS,
        kind=st.sampled_from(
            [RecordKind.LLM, RecordKind.LLM, RecordKind.EMBEDDING, RecordKind.AGENT, RecordKind.TOOL, RecordKind.OTHER]
        ),
        agent=st.sampled_from(["", "", "a", "b"]),
        response=st.sampled_from(["", "", "r", "s"]),
        start=st.integers(0, 3),
        usage=st.builds(Usage, input=COUNTS, output=COUNTS, cached=COUNTS),
        provenance=st.sampled_from([Provenance(scope="one"), Provenance(scope="two")]),
    ),
    max_size=12,
)
TABLE = load_aliases()
VALUES = st.sampled_from(["", "x", '{"model": "m", "lc_agent_name": "n", "model_name": "o"}']) | st.integers(-1, 3)
SENT = st.dictionaries(st.sampled_from(sorted({*TABLE.readings, "gen_ai.new", "other"})), VALUES, max_size=12)


class Earlier(Contexts):
    """Spans of earlier requests, as chosen."""

    def __init__(self, contexts: dict[SpanKey, SpanContext], repeated: set[SpanKey]) -> None:
        self._contexts, self._repeated = contexts, repeated

    def context(self, key: SpanKey) -> SpanContext | None:
        return self._contexts.get(key)

    def waiting(self, key: SpanKey) -> Waiting:
        return frozenset()

    def repeated(self, key: SpanKey) -> bool:
        return key in self._repeated


KEYS = IDS.map(lambda number: (TRACE, number))
CONTEXTS = st.builds(
    SpanContext,
    parent=st.just(b"") | IDS,
    kind=st.sampled_from([RecordKind.LLM, RecordKind.OTHER, RecordKind.AGENT]),
    agent=st.none(),
    counted=st.booleans(),
)
EARLIER = st.builds(Earlier, st.dictionaries(KEYS, CONTEXTS, max_size=4), st.sets(KEYS, max_size=3))


@given(RECORDS, EARLIER)
def test_calls_are_told_apart_as_the_slow_way_does(records: list[CallRecord], earlier: Earlier) -> None:
    found, expected = distinct_calls(records, earlier), slow_distinct_calls(records, earlier)
    assert replace(found, forest=expected.forest) == expected


@given(RECORDS, EARLIER)
def test_callers_are_found_as_the_slow_way_does(records: list[CallRecord], earlier: Earlier) -> None:
    forest = Forest(records, earlier)
    last = {record.key: record for record in records}  # a span sent twice counts as it was sent last
    assert [forest.caller_of(record) for record in last.values()] == [
        caller_of(Forest(records, earlier), record) for record in last.values()
    ]


@given(SENT)
def test_a_concept_is_read_from_the_names_that_the_table_prefers(sent: dict[str, object]) -> None:
    reader = _Reader(table=TABLE, service=Service(), provenance=Provenance(), unmapped=Counter(), latest=1 << 62)
    found, _ = reader._pick(pairs(sent))
    said = _Said(found=found, table=TABLE, quirk=TABLE.quirk(""))
    values: dict[str, AnyValue] = {item.key: item.value for item in pairs(sent)}
    for concept, names in TABLE.attributes.items():
        assert list(said._values(concept)) == [
            (alias.key, field_of(values[alias.key], alias.path) if alias.path else values[alias.key])
            for alias in names
            if alias.key in values
        ]


def test_usage_that_a_parent_tells_of_several_calls_is_counted_for_none_of_them() -> None:
    sent = [span(1, chat(input=100)), span(2, chat(output=1), parent=1), span(3, chat(output=2), parent=1)]
    found = distinct_calls(normalise(request(sent)).records, SpanContextCache())
    assert [(leaf.usage.input, leaf.usage.output) for leaf in found.leaves] == [(None, 1), (None, 2)]
    batch = transform(request(sent), model=load_model(), run="r").batch
    assert not totals([batch], SG.inputTokens), "a hundred tokens were used once, by who knows which of the two"


def test_a_walk_up_a_long_chain_is_made_once_for_all_its_calls() -> None:
    # Not a matter of time: each step asks for a context, and the steps are counted.
    asked = 0

    class Counting(Earlier):
        def context(self, key: SpanKey) -> SpanContext | None:
            nonlocal asked
            asked += 1
            number = int.from_bytes(key[1])
            return SpanContext((number - 1).to_bytes(8) if number > 1 else b"", RecordKind.OTHER, None)

    calls = [
        CallRecord(trace=TRACE, span=(1 << 32 | number).to_bytes(8), parent=(2000).to_bytes(8), kind=RecordKind.LLM)
        for number in range(500)
    ]
    distinct_calls(calls, Counting({}, set()))
    assert asked < 20 * (2000 + len(calls))
