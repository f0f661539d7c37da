"""Expositions as Prometheus and OpenMetrics write them: read as their own library reads them, cut ones told."""

from __future__ import annotations

from collections import Counter as Counted
from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.parser import text_string_to_metric_families

from stratagraph.loaders.formats.malformed import MalformedDocument
from stratagraph.loaders.formats.prometheus.exposition import (
    is_exposition,
    read_exposition,
)
from tests.conftest import ROOT
from tests.loaders.formats.prometheus.told import Everything

LITELLM = ROOT.parent / "shared/telemetry/prometheus/litellm-1.106.2.prom"
generate_openmetrics, _ = choose_encoder("application/openmetrics-text;version=1.0.0")
VALUES = st.floats(allow_nan=False, width=64) | st.just(inf)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\0"), max_size=12)


def read(text: str | bytes) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    data = text.encode() if isinstance(text, str) else text
    return [(one.name, one.labels, one.value) for one in read_exposition(data, "m.prom", Everything()).samples]


def theirs(text: str) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    """Return the samples as prometheus_client reads them; an empty label is none."""
    return [
        (sample.name, tuple(sorted((name, value) for name, value in sample.labels.items() if value)), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


@pytest.mark.skipif(not LITELLM.exists(), reason="the recorded expositions are not here")
def test_a_recorded_exposition_is_read_as_their_library_reads_it() -> None:
    text = LITELLM.read_text(encoding="utf-8")
    assert Counted(read(text)) == Counted(theirs(text))
    assert is_exposition(text)


@given(st.lists(st.tuples(TEXTS, TEXTS, VALUES), min_size=1, max_size=6, unique_by=lambda each: each[:2]))
def test_what_their_library_writes_is_read_as_it_was_said(told: list[tuple[str, str, float]]) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("tokens", 'Of "all"\nkinds \\', ["model", "way"], registry=registry)
    for model, way, value in told:
        gauge.labels(model, way).set(value)
    said = Counted(
        ("tokens", tuple((k, v) for k, v in (("model", model), ("way", way)) if v), value) for model, way, value in told
    )
    assert Counted(read(generate_latest(registry))) == said
    assert Counted(read(generate_openmetrics(registry))) == said


def test_openmetrics_tells_seconds_the_older_format_milliseconds() -> None:
    (old,) = read_exposition(b"a 1 1700000000123\n", "m", Everything()).samples
    (new,) = read_exposition(b"a 1 1700000000.123\n# EOF\n", "m", Everything()).samples
    assert old.time == new.time == 1_700_000_000_123_000_000


def test_exemplars_are_passed_over() -> None:
    registry = CollectorRegistry()
    counter = Counter("calls", "c", ["model"], registry=registry)
    counter.labels("m").inc(3, exemplar={"trace_id": 'a"} # 1'})
    Histogram("seconds", "s", registry=registry, buckets=[1]).observe(0.5, exemplar={"trace_id": "b"})
    found = read(generate_openmetrics(registry))
    assert ("calls_total", (("model", "m"),), 3.0) in found
    assert ("seconds_bucket", (("le", "1.0"),), 1.0) in found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('a{b="c",} 1', ("a", (("b", "c"),), 1.0)),
        ('a { b = "c" , d = "" } 1', ("a", (("b", "c"),), 1.0)),
        ("a\t 1", ("a", (), 1.0)),
        ("a{} 1", ("a", (), 1.0)),
        ("  a 1  ", ("a", (), 1.0)),
        ("a 1\r", ("a", (), 1.0)),
        ("a +Inf", ("a", (), inf)),
        ("a -Inf", ("a", (), -inf)),
        ("a 1e-3", ("a", (), 0.001)),
        (r'a{b="\\n\n\"}"} 1', ("a", (("b", '\\n\n"}'),), 1.0)),
        ('vllm:a:b{b="ç 日本"} 1', ("vllm:a:b", (("b", "ç 日本"),), 1.0)),
        ('{"gen_ai.tokens", "model.name"="m"} 1', ("gen_ai.tokens", (("model.name", "m"),), 1.0)),
        ('{"gen_ai.tokens"} 1', ("gen_ai.tokens", (), 1.0)),
        (r'{"a \"quoted\" name"} 1', ('a "quoted" name', (), 1.0)),
    ],
)
def test_lines_as_exporters_write_them(line: str, said: object) -> None:
    assert read(f"{line}\n") == [said]


def test_not_a_number_is_a_value() -> None:
    ((_, _, value),) = read("a NaN\n")
    assert isnan(value)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "nothing here"),
        ("\n \n", 1, "nothing here"),
        ("a 1\nb{c=", 2, "cut"),
        ('a 1\nb{c="d"} 12', 2, "cut"),
        ("# TYPE a counter\na_total 1\n# UNIT b seconds\n", 3, "'# EOF'"),
        ("# TYPE a unknown\na 1\n", 2, "'# EOF'"),
        ("a 1 1700000000.5\n", 1, "'# EOF'"),
        ("a 1\n# EOF\nb 1\n", 3, "behind '# EOF'"),
        ("a 1\n# EOF\nb 1\n# EOF\n", 3, "behind '# EOF'"),
        ("<!doctype html>\n<p>Log in</p>\n", 1, "HTML"),
        ("a 1\na 2\n", 2, "before"),
        ('a{b="c"} 1\nx 1\na{b="c"} 2\n', 3, "before"),
        ("a one\n", 1, "no number"),
        ("a 1_000\n", 1, "no sample"),
        ("a 1 2.3.4\n# EOF\n", 1, "no time"),
        ('a{b="c" d="e"} 1\n', 1, "no sample"),
        ('a{b="c} 1\n', 1, "no sample"),
        ("a{b=c} 1\n", 1, "no sample"),
        ("{} 1\n", 1, "no sample"),
        ("# TYPE a counter\n# TYPE a gauge\na 1\n", 2, "two types"),
    ],
)
def test_what_is_no_exposition_is_told_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(MalformedDocument) as raised:
        read(text)
    assert raised.value.line == line
    assert reason in raised.value.reason


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(MalformedDocument, match=r"m\.prom:2: .*UTF-8"):
        read(b'a 1\nb{c="\xff"} 1\n')


def test_a_line_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(MalformedDocument) as raised:
        read('calls{user_email="ana@example.org",key="sk-abc} 1\n')
    assert "ana" not in str(raised.value)
    assert "sk-" not in str(raised.value)


def test_the_same_value_again_is_one_sample() -> None:
    assert read("a 1\na 1\n") == [("a", (), 1.0)]
    assert len(read("a 1 1700000000000\na 2 1700000060000\n")) == 2  # at two times


def test_every_place_to_cut_openmetrics_at_is_told() -> None:
    registry = CollectorRegistry()
    Histogram("seconds", "s", ["model"], registry=registry).labels("m").observe(1)
    whole = generate_openmetrics(registry)
    for end in range(len(whole) - 1):  # without its last line break it is whole
        with pytest.raises(MalformedDocument):
            read_exposition(whole[:end], "m", Everything(), openmetrics=True)
    assert read(whole)
    assert read(whole[:-1])


def test_only_what_is_wanted_is_taken_apart() -> None:
    found = read_exposition(b'a{b="c"} 1\nd 2\nd{e="f"} 3\n', "m", {"a"})
    assert [sample.name for sample in found.samples] == ["a"]
    assert found.unwanted == {"d": 2}
    assert found.series == 3


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("# HELP a b\n# TYPE a gauge\na 1\n", True),
        ("a 1\n", False),  # may be anything
        ("# a comment\nassets:\n", False),
        ("# TYPE a gauge\nassets: []\nb: c\n", False),
        ('{"status": "success"}', False),
    ],
)
def test_what_is_certainly_an_exposition(text: str, is_one: bool) -> None:
    assert is_exposition(text) is is_one
