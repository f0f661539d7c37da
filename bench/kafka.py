"""``make bench-kafka``: telemetry from Kafka by one service and by two that share a PostgreSQL ledger, in one run.

Usage: kafka.py [SPANS]        default 20000
Traces of a planner (scripts/synthesise-telemetry) are written to a topic of four partitions, keyed by trace, a trace a
message. Services wait for them with their partitions assigned; a run ends when the ledger's marks say that all was read
and committed. Wall clock, the services' processor time, and that of the broker and the database beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from confluent_kafka import Producer
from measure import report
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from stratagraph.service.ledger.ledger import Ledger  # noqa: E402  the tests' servers stand beside the package
from stratagraph.service.telemetry.kafka.progress import MARK, Progress  # noqa: E402
from tests.kafka import Broker, broker  # noqa: E402
from tests.service.ledger.postgresql import database, server  # noqa: E402

PARTITIONS: Final = 4
KEY: Final = "ledger.sqlite.key"
PATIENCE: Final = 1800.0
TICKS: Final = os.sysconf("SC_CLK_TCK")


def main(size: int) -> None:
    """Measure one, two, and one again, for the machine is not the same all the time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stratagraph-bench-")))
        folder.chmod(0o755)  # the database's user is another one
        (folder / "kafka").mkdir()
        kafka = stack.enter_context(broker(folder / "kafka"))
        address = stack.enter_context(server(folder / "postgresql"))
        written = traces(size)
        spans = sum(count for _, _, count in written)
        figures = [run(folder / str(turn), kafka, address, written, number) for turn, number in enumerate((1, 2, 1))]
    one = [sum(each) / 2 for each in zip(figures[0], figures[2], strict=True)]
    two = figures[1]
    told = {"spans": spans, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    report("kafka: one consumer, by the clock", spans / one[0], unit="spans/s", **told)
    report(
        "kafka: two consumers, by the clock",
        spans / two[0],
        unit="spans/s",
        baseline=spans / one[0],
        goal="1.8",
        **told,
    )
    report("kafka: one consumer, processor time of the service", one[1] / spans * 1e6, unit="us/span", **told)
    report(
        "kafka: two consumers, processor time of both",
        two[1] / spans * 1e6,
        unit="us/span",
        baseline=one[1] / spans * 1e6,
        **told,
    )
    report("kafka: two consumers, the busier one's part of the work", two[2], unit="1", goal="0.5", **told)
    # What more processors would give: the longest that one of them computes.
    report("kafka: two consumers, most of one processor", one[1] / (two[1] * two[2]), unit="x of one consumer", **told)
    report("kafka: broker and database beside them", two[3] / spans * 1e6, unit="us/span", **told)


def run(
    folder: Path, kafka: Broker, address: str, written: list[tuple[bytes, bytes, int]], number: int
) -> tuple[float, float, float, float]:
    """Return wall clock, processor time of the services, the busiest one's share, and processor time of the servers."""
    folder.mkdir()
    topic, url = kafka.topic(PARTITIONS), database(address, f"bench-{folder.name}")
    with Ledger.open(url, key_file=folder / KEY) as ledger, ExitStack() as stack:
        running = []
        for name in range(number):
            running.append(stack.enter_context(service(folder, str(name), url, kafka, topic)))
            wait(lambda: [owned(each) for each in running] == [PARTITIONS // len(running)] * len(running))
        servers = beside(folder.parent / "postgresql", running)
        before, theirs, begun = [cpu(each.pid) for each, _ in running], sum(map(cpu, servers)), time.monotonic()
        produce(kafka, topic, written)
        ends = {}
        for key in range(PARTITIONS):
            ends[key] = kafka.end(topic, key)
        wait(lambda: all(position(ledger, topic, key) == end for key, end in ends.items()))
        wall = time.monotonic() - begun
        used = [cpu(each.pid) - was for (each, _), was in zip(running, before, strict=True)]
        return wall, sum(used), max(used) / sum(used), sum(map(cpu, servers)) - theirs


@contextmanager
def service(
    folder: Path, name: str, url: str, kafka: Broker, topic: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a service; yield its process and address."""
    place = folder / name
    place.mkdir(mode=0o700)
    shutil.copy2(folder / KEY, place)
    told = {"ledger_url": url, "kafka_brokers": kafka.address, "kafka_group": topic, "kafka_traces_topic": topic}
    config = folder / f"{name}.json"
    config.write_text(json.dumps(told | {"otlp_grpc": False, "telemetry_signals": ["traces"]}), encoding="utf-8")
    command = [sys.executable, "-m", "stratagraph.service", "serve", "--data", place, "--config", config, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://" in line)
        yield process, line[line.index("http://") :].split()[0]
    finally:
        process.terminate()
        process.wait()


def owned(running: tuple[subprocess.Popen[str], str]) -> int:
    """Return how many partitions a service owns."""
    with urllib.request.urlopen(f"{running[1]}/metrics", timeout=60) as answer:  # noqa: S310  a service of ours
        for line in answer.read().decode().splitlines():
            if line.startswith("stratagraph_kafka_partitions{"):
                return int(float(line.split()[-1]))
    return 0


def position(ledger: Ledger, topic: str, partition: int) -> int:
    """Return up to where a partition is committed."""
    mark = ledger.marks(f"kafka/{topic}/{topic}/{partition}").get(MARK)
    return 0 if mark is None else Progress.read(mark).end


def wait(holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("nothing moved for too long")
        time.sleep(0.1)


def cpu(pid: int) -> float:
    """Return the processor seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def beside(database_folder: Path, running: list[tuple[subprocess.Popen[str], str]]) -> list[int]:
    """Return the processes of the broker, which this one started, and of the database, which names its own."""
    services = {process.pid for process, _ in running}
    parents = {}
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = each.read_text(encoding="utf-8").rpartition(")")[2].split()
            parents[int(each.parent.name)] = int(fields[1])
    postmaster = int((database_folder / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    return [
        postmaster,
        *(pid for pid, parent in parents.items() if parent in {os.getpid(), postmaster} and pid not in services),
    ]


def produce(kafka: Broker, topic: str, written: list[tuple[bytes, bytes, int]]) -> None:
    """Write every message, and wait until the broker has them."""
    producer = Producer({"bootstrap.servers": kafka.address, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000})
    for key, value, _ in written:
        producer.produce(topic, value, key)
        producer.poll(0)
    producer.flush()


def traces(size: int) -> list[tuple[bytes, bytes, int]]:
    """Return messages with as many spans as asked for, and some: key, value, and how many."""
    synthesis = _script(ROOT / "scripts" / "synthesise-telemetry")
    planner = synthesis.Planner()
    made: list[tuple[bytes, bytes, int]] = []
    count = 0
    begin = time.time_ns() - 3_600 * 10**9
    while count < size:
        spans = planner.run(begin + len(made) * 10**8 % (3_000 * 10**9))
        resource = ResourceSpans(scope_spans=[ScopeSpans(spans=spans, schema_url=synthesis.SCHEMA)])
        resource.scope_spans[0].scope.name = "stratagraph.synthetic"
        for key, text in synthesis.RESOURCE.items():
            resource.resource.attributes.add(key=key).value.string_value = text
        request = ExportTraceServiceRequest(resource_spans=[resource])
        made.append((spans[0].trace_id.hex().encode(), request.SerializeToString(), len(spans)))
        count += len(spans)
    return made


def _script(file: Path) -> ModuleType:
    spec = spec_from_loader(file.name, SourceFileLoader(file.name, str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
