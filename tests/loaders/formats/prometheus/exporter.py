"""A server of models that only counts, as a process of its own: its figures are those it is told to count."""

from __future__ import annotations

import sys

from prometheus_client import Counter, Gauge, Histogram, start_http_server

LABELS = ["model_name", "engine"]


def main() -> None:
    """Serve on a free port, say it, and count what each line on the standard input says: ``model seconds``."""
    latency = Histogram("vllm:e2e_request_latency_seconds", "End to end", LABELS, buckets=[0.25, 0.5, 1, 2.5])
    tokens = Histogram("vllm:request_generation_tokens", "Generated", LABELS, buckets=[10, 100, 1000])
    ended = Counter("vllm:request_success", "By how they ended", [*LABELS, "finished_reason"])
    running = Gauge("vllm:num_requests_running", "Now", LABELS)
    server, _ = start_http_server(0, addr="127.0.0.1")
    say(str(server.server_port))
    for line in sys.stdin:
        model, seconds = line.split()
        latency.labels(model, "0").observe(float(seconds))
        tokens.labels(model, "0").observe(20)
        ended.labels(model, "0", "length" if float(seconds) > 1 else "stop").inc()
        running.labels(model, "0").set(2)
        say("counted")


def say(text: str) -> None:
    """Write a line to whoever started this."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
