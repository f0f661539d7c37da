"""A visit to a real MLflow server, installed beside us for the while."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from stratagraph.loaders.formats.mlflow.fetching import fetch
from stratagraph.loaders.kinds import Kind
from tests.loaders.formats.described import described

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800)]
PATIENCE = 300


@pytest.fixture(name="python", scope="module")
def _python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has MLflow; ``STRATAGRAPH_TEST_MLFLOW`` names one that is there already."""
    if known := os.environ.get("STRATAGRAPH_TEST_MLFLOW"):
        return Path(known)
    folder = tmp_path_factory.mktemp("mlflow")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "mlflow"], check=True)
    return python


@pytest.fixture(name="server")
def _server(python: Path, tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [str(python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/m.db", "--artifacts-destination", str(tmp_path / "a")]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, process_group=0)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(url):
            assert process.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.5)
        yield url
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)
        log.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5).is_success
    except httpx.HTTPError:
        return False


def test_a_real_server(python: Path, server: str) -> None:
    subprocess.run([str(python), str(Path(__file__).with_name("real_server.py")), server], check=True)

    def get(url: str, query: Mapping[str, str]) -> bytes:
        return httpx.get(url, params=dict(query), timeout=60).content

    (document,) = fetch(get, server)
    said = described(document.data, "answers.json", kind=Kind.MLFLOW)
    model = "BaseModel/colheita"
    assert list(said.of(model, "registeredVersion")) == ["1", "2"]
    assert list(said.of(model, "versionAlias")) == ["prod=1"]
    assert list(said.of(model, "trainedWith")) == ["Dataset/harvest-2025"]
    assert list(said.of(model, "derivedFrom")) == ["BaseModel/base-3b"]
    assert list(said.of("Dataset/harvest-2025", "repository")) == ["https://data.example.org/h.csv"]
    assert list(said.of("Prompt/greeting", "versionAlias")) == ["production=1"]
    assert "hello" not in str(said.facts)
    assert said.unread == {}
