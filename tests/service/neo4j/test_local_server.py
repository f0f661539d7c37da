"""What can go wrong with the local server, each with what to do next."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from stratagraph.service.neo4j import local_server, process_identity
from stratagraph.service.neo4j.connection import check_version
from stratagraph.service.neo4j.errors import (
    FetchFailed,
    MavenMissing,
    Neo4jJavaMissing,
    OldNeo4j,
    StartFailed,
    UnsupportedVersion,
)
from stratagraph.service.neo4j.local_server import LocalNeo4j
from stratagraph.service.neo4j.runtime import LTS, RELEASES, find_java, obtain, release_of
from stratagraph.service.neo4j.target import Neo4jTarget
from tests.neo4j_server import refuse_without_tools
from tests.service.neo4j.reading import query

WAIT = 60.0
"""Seconds until something is taken never to come; a bound, not a measurement."""


@pytest.fixture(name="bare_machine")
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Java and Maven; returns its folder of programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    return programs


def program(folder: Path, name: str, script: str) -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def java(folder: Path, version: str) -> Path:
    return program(folder, "java", f"echo 'openjdk version \"{version}\"' >&2")


def test_without_java_it_says_how_to_get_one(bare_machine: Path) -> None:
    with pytest.raises(Neo4jJavaMissing, match=r"there is no Java here.*apt-get install default-jre-headless"):
        obtain()


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.2"])
def test_a_java_that_is_too_old_is_named(bare_machine: Path, version: str) -> None:
    found = java(bare_machine, version)
    with pytest.raises(Neo4jJavaMissing, match=f"needs Java 17 or newer, and {found} is Java"):
        obtain()


def test_a_program_that_is_no_java_is_none(bare_machine: Path) -> None:
    program(bare_machine, "java", "exit 3")
    with pytest.raises(Neo4jJavaMissing, match="is Java 0"):
        obtain()


def test_the_newest_version_takes_a_newer_java_than_the_first_one_found(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java(bare_machine, "17.0.1")
    home = bare_machine / "home" / "bin"
    home.mkdir(parents=True)
    newer = java(home, "25")
    with pytest.raises(Neo4jJavaMissing, match="needs Java 21"):
        find_java(release_of("newest"))
    monkeypatch.setenv("JAVA_HOME", str(home.parent))
    assert find_java(release_of("newest")) == newer


def test_without_maven_it_says_how_to_get_it(bare_machine: Path) -> None:
    java(bare_machine, "17.0.1")
    with pytest.raises(MavenMissing, match="apt-get install maven"):
        obtain()


def test_a_maven_that_can_not_resolve_leaves_nothing_behind(bare_machine: Path, tmp_path: Path) -> None:
    java(bare_machine, "17.0.1")
    program(bare_machine, "mvn", "echo '[ERROR] Could not resolve org.neo4j:neo4j'; exit 1")
    with pytest.raises(FetchFailed, match=r"Could not resolve org.neo4j:neo4j.*settings\.xml"):
        obtain()
    assert list((tmp_path / "cache" / "stratagraph" / "neo4j").iterdir()) == []


def test_a_maven_that_brings_nothing_is_not_believed(bare_machine: Path) -> None:
    java(bare_machine, "17.0.1")
    program(bare_machine, "mvn", "exit 0")
    with pytest.raises(FetchFailed, match="status 0"):
        obtain()


def test_jars_that_were_fetched_are_not_fetched_again(bare_machine: Path, tmp_path: Path) -> None:
    java(bare_machine, "17.0.1")
    version = RELEASES[LTS].version
    count = tmp_path / "count"
    program(
        bare_machine,
        "mvn",
        f'echo once >> {count}; for a; do case $a in -DoutputDirectory=*) d="${{a#*=}}";; esac; done; '
        f'/bin/mkdir -p "$d"; : > "$d/neo4j-{version}.jar"',
    )
    assert obtain() == obtain(version)
    assert count.read_text().split() == ["once"]


def test_a_version_that_was_never_tried_is_refused() -> None:
    with pytest.raises(UnsupportedVersion, match=r"4\.4 is not one of .*5\.26 \(5\.26\.\d+\), newest"):
        obtain("4.4")


def test_the_line_that_was_started_last_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def obtain_none(line: str, *, apoc: bool) -> None:
        assert not apoc
        asked.append(line)
        raise MavenMissing

    monkeypatch.setattr(local_server, "obtain", obtain_none)
    server = LocalNeo4j(tmp_path)
    for version in ("", "newest", RELEASES["newest"].version):
        with pytest.raises(MavenMissing):
            server.up(version)
    server.home.mkdir()
    (server.home / "line").write_text("newest", encoding="utf-8")
    with pytest.raises(MavenMissing):
        server.up()
    assert asked == [LTS, "newest", "newest", "newest"]


def test_a_relative_folder_is_found_from_wherever_the_server_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert LocalNeo4j(Path("some-folder")).home == tmp_path / "some-folder" / "neo4j"


@pytest.mark.parametrize(
    ("logs", "tail"),
    [
        ({"console.log": "first\nlast\n"}, "last"),
        ({"console.log": "", "neo4j.log": "why\n", "debug.log": "details\n"}, "why"),
        ({"debug.log": "details\n"}, "details"),
        ({}, "nothing was written"),
    ],
)
def test_a_start_that_failed_tells_the_end_of_the_log_that_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs: Mapping[str, str], tail: str
) -> None:
    server = LocalNeo4j(tmp_path)
    folder = server.home / "logs"
    folder.mkdir(parents=True)
    for name, text in logs.items():
        (folder / name).write_text(text, encoding="utf-8")
    (server.home / "server.json").write_text(
        json.dumps({"pid": os.getpid(), "started": process_identity.started(os.getpid()), "port": 9, "version": "5"}),
        encoding="utf-8",
    )
    monkeypatch.setattr(local_server, "START_SECONDS", 0.0)
    monkeypatch.setattr(LocalNeo4j, "down", lambda _self: False)
    with pytest.raises(StartFailed, match=tail):
        server.up()


def test_a_server_that_is_too_old_is_named() -> None:
    target = Neo4jTarget(url="bolt://127.0.0.1:7687", user="neo4j", password="")
    for agent in ("Neo4j/5.25.1", "Neo4j/4.4.38", "Neo4j/5.9.0"):
        with pytest.raises(OldNeo4j, match=r"5\.26 or newer is needed\. Upgrade it"):
            check_version(target, agent)
    for agent in ("Neo4j/5.26.0", "Neo4j/5.27-aura", "Neo4j/2026.08.1"):
        check_version(target, agent)


@pytest.mark.neo4j
class TestServer:
    """With a real server, of this test's own."""

    @pytest.fixture(name="server")
    def _server(self, tmp_path: Path) -> LocalNeo4j:
        refuse_without_tools()
        return LocalNeo4j(tmp_path)

    def test_one_that_does_not_start_shows_its_log_and_can_be_started_again(
        self, server: LocalNeo4j, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        try:
            with pytest.raises(StartFailed, match=r"the process ended.*(?s:.*)heap") as failed:
                server.up(heap="1")  # a heap of one byte
            assert failed.value.log.endswith("console.log")
            assert server.running() is None
            taken = socket.create_server(("127.0.0.1", 0))
            with taken, monkeypatch.context() as patched:
                patched.setattr(local_server, "_free_port", lambda: taken.getsockname()[1])
                patched.setattr(local_server, "START_SECONDS", WAIT)
                with pytest.raises(StartFailed):
                    server.up()
            assert server.running() is None
            assert server.up() == server.up()
        finally:
            server.down()

    def test_a_stale_record_neither_counts_nor_stops_another_process(self, server: LocalNeo4j) -> None:
        other = subprocess.Popen(["sleep", "600"])
        try:
            server.home.mkdir(parents=True)
            stale = {"pid": other.pid, "started": "1", "port": 1, "version": "5.26.30"}
            (server.home / "server.json").write_text(json.dumps(stale), encoding="utf-8")
            assert server.running() is None
            assert not server.down()
            assert other.poll() is None
            (server.home / "server.json").write_text("{", encoding="utf-8")
            assert server.record() is None
        finally:
            other.kill()
            other.wait()

    def test_whoever_is_killed_while_starting_leaves_a_server_that_is_found(self, server: LocalNeo4j) -> None:
        script = "import sys; from pathlib import Path; from stratagraph.service.neo4j.local_server import LocalNeo4j; "
        script += "LocalNeo4j(Path(sys.argv[1])).up()"
        starter = subprocess.Popen([sys.executable, "-c", script, str(server.home.parent)])
        deadline = time.monotonic() + WAIT
        try:
            while server.record() is None:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            starter.kill()
            starter.wait()
            record = server.up()  # waits for the one that is on its way
            password = server.password()
            assert query(Neo4jTarget(url=record.url, user="neo4j", password=password), "RETURN 1 AS one")[0]["one"] == 1
            os.kill(record.pid, signal.SIGKILL)
            while record.alive:
                assert time.monotonic() < deadline + WAIT
                time.sleep(0.05)
            again = server.up()  # after a crash, on another port, with the same password
            assert again.pid != record.pid
            assert query(Neo4jTarget(url=again.url, user="neo4j", password=password), "RETURN 1 AS one")[0]["one"] == 1
        finally:
            starter.kill()
            server.down()
        assert not process_identity.is_alive(again.pid, again.started)
