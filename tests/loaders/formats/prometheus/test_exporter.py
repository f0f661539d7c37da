"""A real exporter, scraped three times over HTTP with a restart in between: the figures are what happened."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.prometheus.scrape import Taken, transform
from stratagraph.ontology.namespaces import SG
from tests.core import MODEL
from tests.loaders.formats.prometheus.told import last, shipped_set, totals

NAME = "http://llm.example:8000/metrics"
"""Each process has another port; the target is one."""
FORMATS = {"text": "text/plain;version=0.0.4", "openmetrics": "application/openmetrics-text;version=1.0.0"}


class Exporter:
    """The process of an exporter."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self._port = int(process.stdout.readline())

    def count(self, model: str, *seconds: float) -> None:
        """Have it count requests that took so long."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for each in seconds:
            self._process.stdin.write(f"{model} {each}\n")
            self._process.stdin.flush()
            assert self._process.stdout.readline() == "counted\n"

    def scrape(self, accept: str) -> Document:
        """Return what it answers."""
        request = Request(f"http://127.0.0.1:{self._port}/metrics", headers={"Accept": accept})  # ours
        with urlopen(request, timeout=10) as response:  # noqa: S310  # as above
            return Document(NAME, response.read())


@contextmanager
def running() -> Iterator[Exporter]:
    """Run an exporter."""
    command = [sys.executable, str(Path(__file__).with_name("exporter.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Exporter(process)
        finally:
            process.kill()


@pytest.mark.parametrize("accept", FORMATS.values(), ids=FORMATS)
def test_what_a_real_exporter_counted_is_what_is_told(accept: str) -> None:
    marks: dict[str, bytes] = {}
    told: list[Taken] = []

    def take(document: Document) -> None:
        taken = transform([document], model=MODEL, mappings=shipped_set(), heard=datetime.now(UTC), marks=dict(marks))
        marks.update({key: value for key, value in taken.marks.items() if value is not None})
        told.append(taken)

    with running() as exporter:
        exporter.count("llama-3", 0.3, 0.4, 2.0)
        take(exporter.scrape(accept))
        exporter.count("llama-3", 0.75, 0.75)
        exporter.count("qwen-3", 0.1)
        take(exporter.scrape(accept))
        take(exporter.scrape(accept))
    with running() as exporter:
        exporter.count("llama-3", *[0.3] * 9, 1.5)
        take(exporter.scrape(accept))
        exporter.count("qwen-3", 0.2)
        take(exporter.scrape(accept))
    figures = totals(*told)
    assert figures["llama-3", "calls"] == 3 + 2 + 10
    assert figures["qwen-3", "calls"] == 1 + 1
    assert figures["llm.example%3A8000", "calls"] == 17
    assert figures["llama-3", "callLatency"] == pytest.approx(2.7 + 1.5 + 4.2)
    assert figures["llama-3", "outputTokens"] == 20 * 15
    assert figures["llama-3", "truncatedCalls"] == 2
    latencies = [
        one
        for taken in told
        for one in taken.observations
        if one.metric == SG.callLatency and last(one.subject) == "qwen-3"
    ]
    assert sum(one.count for one in latencies) == 2
    assert all(one.sketch for one in latencies)
    assert not any(taken.broken for taken in told)
