"""Reading from the web: what bad servers do is told in a sentence, in time, and credentials stay where they belong."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from stratagraph.service.sources.errors import CredentialMissing, FetchFailed
from stratagraph.service.sources.fetching.fetched import Fetched, Known
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.fetching.web import read_web
from stratagraph.service.sources.source import source_of
from tests.service.sources.websites import Behave, answer, stall, website

TEXT = "assets: [{kind: BaseModel, name: a}]"


def read(url: str, known: Known | None = None, *, stopping: threading.Event | None = None, **given: Any) -> Fetched:
    source = source_of("s", {"url": url, "limit_seconds": 20, **given})
    limits = Limits(
        source.place,
        seconds=source.limit_seconds,
        most_bytes=source.limit_bytes,
        stopping=stopping or threading.Event(),
    )
    return read_web(source, limits, known or Known())


def test_a_document_comes_with_what_tells_that_it_has_not_changed() -> None:
    with website(answer(TEXT, ETag='"1"', Last_Modified="Mon, 30 Nov 2026 00:00:00 GMT")) as site:
        fetched = read(f"{site.url}/inventory?page=1")
    (document,) = fetched.reading.files
    assert document.data == TEXT.encode()
    assert document.shown == f"{site.url}/inventory#answer.yaml"
    assert fetched.known == Known(etag='"1"', modified="Mon, 30 Nov 2026 00:00:00 GMT")


def test_an_unchanged_document_is_not_sent_again() -> None:
    with website(answer("", 304)) as site:
        assert read(site.url, Known(etag='"1"')).unchanged
        assert site.asked[0][1]["If-None-Match"] == '"1"'


def test_a_packed_document_is_unpacked_and_no_more_than_it_may_be() -> None:
    with website(answer(gzip.compress(TEXT.encode()), Content_Encoding="gzip")) as site:
        assert read(site.url).reading.files[0].data == TEXT.encode()
        site.behave = answer(gzip.compress(b" " * (2 << 20)), Content_Encoding="gzip")
        with pytest.raises(FetchFailed, match="more than 1 MiB"):
            read(site.url, limit_mib=1)


def refuses(status: int) -> Behave:
    return answer("secret detail", status)


def cut(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(TEXT.encode())


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65_536)


LOGIN = "<!DOCTYPE html><html><head><title>Sign in &amp; go</title></head></html>"
BAD: dict[str, tuple[Behave, str]] = {
    "login": (answer(LOGIN, media_type="text/html"), "web page with the title 'Sign in & go'"),
    "login said to be data": (answer(f"\n {LOGIN}"), "web page"),
    "401": (refuses(401), r"who asks \(401\). Give the source a header"),
    "403": (refuses(403), r"does not let this credential read \(403\)"),
    "404": (refuses(404), r"nothing at this address"),
    "429": (answer("", 429, Retry_After="30"), "come again after 30 s"),
    "500": (refuses(500), "answers 500"),
    "204": (answer("", 204), "answers 204"),
    "206": (answer(TEXT, 206), "answers 206"),
    "empty": (answer(" \n"), "the answer is empty"),
    "elsewhere": (answer("", 302, Location="https://login.example.org/?next=secret"), "redirects to 'https://login.ex"),
    "nowhere": (answer("", 302), "redirects to"),
    "in circles": (answer("", 302, Location="/again"), "redirects more than 5 times"),
    "cut": (cut, "ended too soon"),
    "endless": (endless, "more than 1 MiB"),
    "said to be large": (answer(b"x" * (2 << 20)), "more than 1 MiB"),
    "badly packed": (answer("no gzip", Content_Encoding="gzip"), "can't be unpacked"),
    "packed in a way of its own": (answer("x", Content_Encoding="brotli"), "can't be unpacked"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_not_the_document_is_refused_in_a_sentence(bad: str) -> None:
    behave, said = BAD[bad]
    with website(behave) as site, pytest.raises(FetchFailed, match=said) as refusal:
        read(site.url, limit_mib=1)
    assert "secret" not in str(refusal.value)
    assert "Nothing was committed, and nothing closed." in str(refusal.value)


def dripping(head: bool) -> Callable[[BaseHTTPRequestHandler], None]:
    def behave(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Y: " if head else b"\r\n"))
        while True:
            request.wfile.write(b"a")
            request.wfile.flush()
            if threading.Event().wait(0.05):
                return

    return behave


@pytest.mark.parametrize("head", [True, False])
def test_a_server_that_stalls_is_left_at_the_time_limit(head: bool) -> None:
    with website(dripping(head)) as site, pytest.raises(FetchFailed, match="not done within 1s"):
        read(site.url, limit_seconds=0.6)


def test_a_service_that_ends_waits_for_no_server() -> None:
    stopping = threading.Event()

    def behave(request: BaseHTTPRequestHandler) -> None:
        stopping.set()
        stall(request)

    with (
        website(behave) as site,
        pytest.raises(FetchFailed, match="service ended"),
    ):
        read(site.url, stopping=stopping)


def test_nobody_there_is_told() -> None:
    with website(answer("")) as site:
        gone = site.url
    with pytest.raises(FetchFailed, match="nobody answers"):
        read(gone)


def test_a_redirect_on_the_same_host_is_followed_with_the_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY", "hunter2\n")

    def behave(request: BaseHTTPRequestHandler) -> None:
        (answer(TEXT) if request.path == "/new" else answer("", 301, Location="/new"))(request)

    with website(behave) as site:
        read(site.url, headers={"Authorization": {"env": "GATEWAY", "prefix": "Bearer "}})
    assert [(path, headers["Authorization"]) for path, headers in site.asked] == [
        ("/", "Bearer hunter2"),
        ("/new", "Bearer hunter2"),
    ]


def test_no_other_host_hears_a_credential(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another port is another host: somebody else may listen there."""
    monkeypatch.setenv("GATEWAY", "hunter2")
    with website(answer(TEXT)) as other, website(answer("", 307, Location=other.url)) as site:
        with pytest.raises(FetchFailed, match="elsewhere"):
            read(site.url, headers={"X-Key": {"env": "GATEWAY"}})
        assert other.asked == []


def test_a_credential_that_is_not_there_stops_the_run_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY", raising=False)
    with website(answer(TEXT)) as site:
        with pytest.raises(CredentialMissing, match="the variable GATEWAY is empty or not set"):
            read(site.url, headers={"X-Key": {"env": "GATEWAY"}})
        assert site.asked == []


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/"]
)
def test_where_clouds_keep_credentials_nothing_is_read(address: str) -> None:
    with pytest.raises(FetchFailed, match="where clouds keep credentials"):
        read(address)
