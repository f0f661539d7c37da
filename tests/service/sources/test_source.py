"""The description of a source: secrets never in it, one place, one schedule, and what is wrong said without values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.service.settings import BadSetting, load_settings
from stratagraph.service.sources.durations import in_words, seconds
from stratagraph.service.sources.errors import BadSource
from stratagraph.service.sources.schedule import next_run
from stratagraph.service.sources.source import Source, source_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
WEB = {"url": "https://example.org/i.yaml"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "one of url, path and command"),
    ({"url": "https://a.org/", "path": "/x"}, "one of url, path and command"),
    ({"url": "https://ana:hunter2@a.org/"}, "no user or password"),
    ({"url": "https://a.org/?api_key=hunter2"}, "'api_key' of its url looks like a secret"),
    ({"url": "https://a.org/?accessToken=hunter2"}, "looks like a secret"),
    ({"url": "https://a.org/?X-Amz-Signature=hunter2"}, "looks like a secret"),
    ({"url": "ftp://a.org/"}, "begins with http"),
    ({"url": "https://"}, "begins with http"),
    ({"url": "http://[::1/"}, "can't be read"),
    ({**WEB, "headers": {"Authorization": "Bearer hunter2"}}, "never stands in the clear"),
    ({**WEB, "headers": {"A B": {"env": "X"}}}, "no header"),
    ({**WEB, "headers": {"X": {"env": "hunter2 is here"}}}, "name of an environment variable"),
    ({**WEB, "headers": {"X": {"env": "A", "file": "/b"}}}, "one place"),
    ({**WEB, "user": "ana"}, "belong together"),
    ({**WEB, "every": "5m", "cron": "0 6 * * *"}, "one schedule"),
    ({**WEB, "every": "often"}, "no duration"),
    ({**WEB, "every": "0s"}, "greater than"),
    ({**WEB, "cron": "0 25 * * *"}, "no cron expression"),
    ({**WEB, "cron": "0 0 30 2 *"}, "no cron expression"),
    ({**WEB, "evry": "5m"}, "did you mean every"),
    ({**WEB, "kind": "yml"}, "there is no kind 'yml'"),
    ({**WEB, "query": "/q.rq"}, "belong to sources of kind cypher"),
    ({**WEB, "mapping": "/m.yaml"}, "mapping belongs to sources of kind cypher or prometheus"),
    ({**WEB, "kind": "cypher"}, "begins with one of: bolt"),
    ({"url": "bolt://a.org", "kind": "cypher"}, "wants a query and a mapping"),
    ({"url": "bolt://a.org"}, "begins with http"),
    ({**WEB, "kind": "sparql", "graph": "a b> }"}, "the IRI of a named graph"),
    ({**WEB, "graph": "urn:g"}, "graph belongs to"),
    ({"path": "/x", "kind": "sparql"}, "asked at a url"),
    ({"path": "/x\0y"}, "one line of text"),
    ({"command": []}, "program and its arguments"),
    ({"path": "/x", "headers": {"X": {"env": "X"}}}, "over HTTP only"),
    ({"path": "/x", "environment": {"X": {"env": "X"}}}, "to a command only"),
]


@pytest.mark.parametrize(("said", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_what_cannot_be_is_refused_and_no_secret_repeated(said: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadSource, match=reason) as refusal:
        source_of("s", said)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "otlp", "-a", "stratagraph:core", "ä"])
def test_a_name_is_plain_and_none_of_the_services(name: str) -> None:
    with pytest.raises(BadSource, match="a source's name"):
        source_of(name, WEB)


@pytest.mark.parametrize(("text", "wanted"), [("90s", 90), ("1h30m", 5400), ("2.5m", 150), ("7", 7), ("1d", 86_400)])
def test_durations(text: str, wanted: float) -> None:
    assert seconds(text) == wanted


@given(st.integers(1, 10**7))
def test_a_duration_said_in_words_is_read_again_to_two_units(value: int) -> None:
    again = seconds(in_words(value))
    assert isinstance(again, float)
    assert 0 <= value - again < max(value / 24, 1)


def test_a_description_is_read_again_as_it_was_kept() -> None:
    said = {"url": "https://a.org/x?page=1", "every": "5m", "headers": {"X": {"env": "KEY"}}, "limit_closing": 0.5}
    source = source_of("s", said)
    assert source_of("s", source.document()) == source
    assert source.place == "https://a.org/x"
    assert source.schedule == "5m"


def test_the_configuration_names_its_sources_and_paths_begin_where_it_stands(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("sources:\n  gw:\n    path: inv\n    every: 5m\n")
    (source,) = load_settings(config).sources.values()
    assert (source.name, source.path, source.every) == ("gw", str(tmp_path / "inv"), 300)
    config.write_text("sources:\n  gw:\n    url: https://a.org/\n    headers: {X: hunter2}\n")
    with pytest.raises(BadSetting, match=r"sources.gw.headers.X can't be used: a secret never") as refusal:
        load_settings(config)
    assert str(config) in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_the_environment_may_hold_sources_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATAGRAPH_SOURCES", '{"gw": {"path": "/inv"}}')
    assert load_settings().sources["gw"].path == "/inv"


def of(**said: object) -> Source:
    return source_of("s", {**WEB, **said})


def test_when_a_source_is_due() -> None:
    hour, ago = timedelta(hours=1), NOW - timedelta(minutes=20)
    assert next_run(of(), ago, NOW, since=NOW) is None
    assert next_run(of(every="1h"), None, NOW, since=NOW) == NOW
    assert next_run(of(every="1h"), ago, NOW, since=NOW) == ago + hour
    assert next_run(of(cron="0 6 * * *"), None, NOW, since=NOW) == datetime(2026, 12, 1, 6, tzinfo=UTC)
    missed = next_run(of(cron="0 6 * * *"), NOW - timedelta(days=3), NOW, since=NOW)
    assert missed == datetime(2026, 11, 28, 6, tzinfo=UTC)


def test_a_clock_that_was_ahead_puts_no_source_off() -> None:
    assert next_run(of(every="1h"), NOW + timedelta(days=400), NOW, since=NOW) == NOW + timedelta(hours=1)
