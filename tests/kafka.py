"""A real Kafka for the tests: one broker a session, from Maven's artifacts, on the loopback, stopped by its starter."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stratagraph.service.neo4j.errors import Neo4jJavaMissing
from stratagraph.service.neo4j.runtime import LTS, find_java, release_of

VERSION: Final = "3.9.1"
MISSING: Final = "Kafka needs {}; on Debian: sudo apt-get install default-jre-headless maven"
SECONDS: Final = 120
"""How long a broker may take to answer on a machine that does much else."""
_NUMBERS: Final = count(1)
_CLUSTER: Final = "c3RyYXRhZ3JhcGgtMTIzNA"
"""Sixteen bytes in base64. Not random ones: a text that begins with a hyphen would be taken for an option."""
_POM: Final = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stratagraph</groupId>
  <artifactId>local-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.enable=false
"""


class Broker:
    """A broker that runs."""

    def __init__(self, address: str) -> None:
        """Take the address of one that answers."""
        self.address = address

    def topic(self, partitions: int = 4, name: str | None = None) -> str:
        """Make a topic that nobody else uses, and return its name."""
        name = name or f"topic-{next(_NUMBERS)}-{uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": self.address})
        for made in admin.create_topics([NewTopic(name, partitions, 1)], request_timeout=SECONDS).values():
            made.result(SECONDS)
        return name

    def end(self, topic: str, partition: int) -> int:
        """Return the offset behind the last message of a partition."""
        asking = Consumer({"bootstrap.servers": self.address, "group.id": "asking"})
        try:
            ends = asking.get_watermark_offsets(TopicPartition(topic, partition), timeout=SECONDS)
        finally:
            asking.close()
        assert ends is not None
        return ends[1]


@pytest.fixture(name="kafka", scope="session")
def _kafka() -> Iterator[Broker]:
    """The broker of this session, running."""
    refuse_without_tools()
    with tempfile.TemporaryDirectory(prefix="stratagraph-kafka-") as folder, broker(Path(folder)) as running:
        yield running


def refuse_without_tools() -> None:
    """Skip where a broker can't be had, saying what to install."""
    try:
        find_java(release_of(LTS))  # the same Java 17 that Neo4j's long-term line needs
    except Neo4jJavaMissing:
        pytest.skip(MISSING.format("Java 17 or newer"))
    if shutil.which("mvn") is None:
        pytest.skip(MISSING.format("Maven to be fetched"))


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    """Run a broker with its data in an empty folder, and stop it at the end."""
    java = [str(find_java(release_of(LTS))), "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
    java += ["-cp", f"{jars()}/*"]
    with _free_port() as port, _free_port() as controller:
        said = _PROPERTIES.format(port=port, controller=controller, logs=folder / "data")
    properties = folder / "server.properties"
    properties.write_text(said, encoding="utf-8")
    storage = [*java, "kafka.tools.StorageTool", "format", "--cluster-id", _CLUSTER]
    subprocess.run([*storage, "--config", properties], check=True, capture_output=True, timeout=SECONDS)
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen([*java, "kafka.Kafka", properties], stdout=written, stderr=written)
    try:
        _wait(f"127.0.0.1:{port}", process, log)
        yield Broker(f"127.0.0.1:{port}")
    finally:
        process.kill()  # nobody reads its data again
        process.wait()


def jars() -> Path:
    """Return the folder of the broker's jars; Maven fetches them once into the user's cache, and checks them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stratagraph" / "kafka"
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / VERSION
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=cache) as made:
                _fetch(Path(made))
                (Path(made) / "jars").rename(place)
    return place


def _fetch(folder: Path) -> None:
    (folder / "pom.xml").write_text(_POM, encoding="utf-8")
    command: list[str | Path] = ["mvn", "-q", "-B", "--strict-checksums", "-f", folder / "pom.xml"]
    subprocess.run(
        [*command, "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'jars'}"],
        check=True,
        capture_output=True,
        timeout=1800,
    )


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the broker answers; fail with the end of its log where it ended instead."""
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-4000:]
        with suppress(KafkaException):
            admin.list_topics(timeout=1)
            return
    pytest.fail(f"the broker did not answer within {SECONDS} s: {log.read_text()[-4000:]}")


@contextmanager
def _free_port() -> Iterator[int]:
    """Hold a port that is free until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]
