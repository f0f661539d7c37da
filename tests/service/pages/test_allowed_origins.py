"""A page of another site asks the service, from a real browser: only where it may, only queries, never with cookies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from selenium import webdriver

from stratagraph.service.engine.engine import Engine
from stratagraph.service.settings import Settings
from tests.opened import Opened, served

pytestmark = pytest.mark.browser

FETCH = """
const [url, options, done] = arguments;
fetch(url, options).then(async (answer) => done({
    status: answer.status, text: await answer.text(), sequence: answer.headers.get("Stratagraph-Sequence"),
}), () => done(null));
"""
ASK = "ASK { ?class a owl:Class }"


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's name
        """Say nothing."""


@pytest.fixture(name="pages", scope="module")
def _pages() -> Iterator[list[str]]:
    """Two sites of other people's."""
    servers = [HTTPServer(("127.0.0.1", 0), Page) for _ in range(2)]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    yield [f"http://127.0.0.1:{server.server_port}" for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(name="url", scope="module")
def _url(tmp_path_factory: pytest.TempPathFactory, opened: Opened, pages: list[str]) -> Iterator[str]:
    settings = Settings(data=opened(tmp_path_factory.mktemp("data")), port=0, allowed_origins=(pages[0],))
    with Engine(settings) as engine, served(engine) as server:
        yield server.url


def fetch(driver: webdriver.Chrome, page: str, url: str, **options: Any) -> Any:
    """What a script on a page gets; None where the browser does not let it read the answer."""
    driver.get(page)
    answer = driver.execute_async_script(FETCH, url, options)
    driver.get_log("browser")  # type: ignore[no-untyped-call]  # refusals are meant here
    return answer


def post(**further: Any) -> dict[str, Any]:
    return {"method": "POST", "body": ASK, "headers": {"Content-Type": "application/sparql-query"}, **further}


def test_an_allowed_page_asks_and_reads_the_answer(driver: webdriver.Chrome, pages: list[str], url: str) -> None:
    answer = fetch(driver, pages[0], f"{url}/sparql", **post())  # its type of body makes the browser ask first
    assert (answer["status"], '"boolean":true' in answer["text"]) == (200, True)
    assert int(answer["sequence"]) > 0
    assert fetch(driver, pages[0], f"{url}/sparql?query=ASK%20%7B%7D")["status"] == 200
    cypher = {"method": "POST", "body": '{"query": "RETURN 1"}', "headers": {"Content-Type": "application/json"}}
    assert fetch(driver, pages[0], f"{url}/cypher", **cypher)["status"] == 503, "no Neo4j runs, which the page may read"


def test_a_fault_can_be_read_too(driver: webdriver.Chrome, pages: list[str], url: str) -> None:
    answer = fetch(driver, pages[0], f"{url}/sparql", **post(body="ASK {"))
    assert (answer["status"], bool(answer["text"])) == (400, True)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        (1, ("/sparql", post())),
        (1, ("/sparql?query=ASK%20%7B%7D", {})),
        (0, ("/sparql", post(credentials="include"))),
        (0, ("/api/levels", {})),
        (0, ("/api/batches", {"method": "POST", "body": "{}", "headers": {"Content-Type": "application/json"}})),
        (0, ("/api/sources?source=x", {"method": "DELETE"})),
        (0, ("/sparql", {"method": "PUT"})),
    ],
)
def test_nothing_else_is_for_pages_of_others(
    driver: webdriver.Chrome, pages: list[str], url: str, page: int, asked: tuple[str, dict[str, Any]]
) -> None:
    path, options = asked
    assert fetch(driver, pages[page], url + path, **options) is None
