"""What a scrape costs from its bytes to what is committed of it, beside the parser of prometheus_client alone.

``python bench/scrape.py [SERIES]``: about so many series (20,000), most of them buckets of histograms, as a server of
models tells them. The second scrape is the one that counts: it also works out what was added since the first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from measure import cpu_seconds, peak_mib, report
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from stratagraph.loaders.formats.document import Document
from stratagraph.loaders.formats.prometheus.scrape import Taken, transform
from stratagraph.loaders.formats.prometheus.shipped import mappings
from stratagraph.ontology.model import load_model

RUNS: Final = 5
URL: Final = "http://vllm.example:8000/metrics"
LABELS: Final = ["model_name", "engine"]
HISTOGRAMS: Final = (
    "vllm:e2e_request_latency_seconds",
    "vllm:time_to_first_token_seconds",
    "vllm:inter_token_latency_seconds",
    "vllm:request_queue_time_seconds",
    "vllm:request_prefill_time_seconds",
    "vllm:request_decode_time_seconds",
    "vllm:request_prompt_tokens",
    "vllm:request_generation_tokens",
)
BOUNDS: Final = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40)
_PER_MODEL: Final = len(HISTOGRAMS) * (len(BOUNDS) + 4) + 2 * 3 + 1
"""Series of one model: of a histogram its buckets, sum, count and when it began."""


def exporter(models: int) -> Callable[[int], bytes]:
    """Return what counts some requests of every model and tells all of it."""
    registry = CollectorRegistry()
    histograms = [Histogram(name, "h", LABELS, buckets=BOUNDS, registry=registry) for name in HISTOGRAMS]
    ended = Counter("vllm:request_success", "c", [*LABELS, "finished_reason"], registry=registry)
    running = Gauge("vllm:num_requests_running", "g", LABELS, registry=registry)

    def told(requests: int) -> bytes:
        for number in range(models):
            labels = (f"org/model-{number}", "0")
            running.labels(*labels).set(requests)
            for reason in ("stop", "length", "abort"):
                ended.labels(*labels, reason).inc(requests)
            for histogram in histograms:
                for each in range(requests):
                    histogram.labels(*labels).observe(0.03 * (each + 1))
        return generate_latest(registry)

    return told


def main(series: int) -> None:
    """Print the figures."""
    count = exporter(max(series // _PER_MODEL, 1))
    first, second = count(5), count(7)
    model = load_model()
    known = mappings(model)
    heard = datetime.now(UTC)

    def scrape(data: bytes, at: datetime, marks: dict[str, bytes]) -> Taken:
        return transform([Document(URL, data)], model=model, mappings=known, heard=at, marks=marks)

    before = scrape(first, heard, {})
    marks = {name: value for name, value in before.marks.items() if value is not None}
    later = heard + timedelta(minutes=1)
    text = second.decode()
    theirs, ours = [], []
    for _ in range(RUNS):
        theirs.append(cpu_seconds(lambda: [len(family.samples) for family in text_string_to_metric_families(text)]))
        ours.append(cpu_seconds(lambda: scrape(second, later, marks)))
    told = scrape(second, later, marks)
    report(
        "scrape: read, mapped, and what was added",
        median(ours),
        baseline=median(theirs),
        unit="s of processor time",
        goal="at most 3 x the parser of prometheus_client alone",
        series=told.series,
        bytes=len(second),
        observations=len(told.observations),
        runs=[round(own / other, 2) for own, other in zip(ours, theirs, strict=True)],
        peak_mib=round(peak_mib()),
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
