"""A document on the web, or anything else that answers HTTP, read within bounds and with credentials for one host."""

from __future__ import annotations

import asyncio
import html
import ipaddress
import re
import ssl
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from stratagraph.loaders.content_encodings import BodyTooLarge, MalformedOtlp, UnsupportedEncoding, decompress
from stratagraph.loaders.kinds import SUFFIXES, suffix_of
from stratagraph.service.sources.fetching.fetched import Fetched, Known, one_document
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.source import Source

MOST_REDIRECTS: Final = 5
SUFFIX_OF: Final = {
    "text/turtle": ".ttl",
    "application/n-triples": ".nt",
    "application/n-quads": ".nq",
    "application/trig": ".trig",
    "application/rdf+xml": ".rdf",
    "application/ld+json": ".jsonld",
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "text/x-yaml": ".yaml",
    "text/csv": ".csv",
}
"""How the name of a document ends, by the media type that its server gives it."""
ACCEPT: Final = "text/turtle, application/ld+json, application/yaml, application/json;q=0.9, */*;q=0.5"
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_LOOK_SECONDS: Final = 0.2
_MARKUP: Final = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE)
_TITLE: Final = re.compile(r"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_METADATA: Final = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::254/128"),
    ipaddress.ip_network("100.100.100.200/32"),
)
"""Where clouds tell a machine its own credentials: no inventory is there."""
_ADVICE: Final = {
    401: "it wants to know who asks (401). Give the source a header with a credential, or user and password",
    403: "it does not let this credential read (403). Give the credential the right to read, or use another one",
    404: "there is nothing at this address (404)",
    407: "the proxy wants to know who asks (407)",
    410: "there is nothing at this address any more (410)",
    429: "it has been asked too often (429). Read it at longer intervals",
}
_SUCCESS: Final = frozenset({200})
_UNCHANGED: Final = 304
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def read_web(source: Source, limits: Limits, known: Known) -> Fetched:
    """Return the document at a source's address, or that it is unchanged.

    Raises:
        FetchFailed: it is not to be had, not in full, or is no document but a page for people.
        CredentialMissing: a credential is not there.
    """
    assert source.url is not None  # asked of sources that have one
    headers = {"Accept": ACCEPT, "Accept-Encoding": "gzip, deflate", "User-Agent": "stratagraph"}
    if known.etag:
        headers["If-None-Match"] = known.etag
    if known.modified:
        headers["If-Modified-Since"] = known.modified
    answer = ask(source, limits, "GET", source.url, headers=headers)
    if answer.status == _UNCHANGED:
        return Fetched(known=known, unchanged=True)
    if not answer.body.strip():
        raise limits.failure("the answer is empty")
    refuse_page(answer, limits)
    told = Known(etag=answer.headers.get("etag"), modified=answer.headers.get("last-modified"))
    name = _name(source.url, source.place, answer.media_type)
    return one_document(name, source.scope or "document", answer.body, known=told)


class Answer:
    """An answer of a server, read in full and unpacked."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.media_type = headers.get("content-type", "").partition(";")[0].strip().lower()


def refuse_page(answer: Answer, limits: Limits) -> None:
    """Refuse a page for people, as a login's.

    Raises:
        FetchFailed: it is one.
    """
    if answer.media_type not in HTML and not _MARKUP.match(answer.body[:1000]):
        return
    title = _TITLE.search(answer.body[:100_000].decode(errors="replace"))
    if title is None:
        raise limits.failure(
            "the answer is a web page, and no data. Perhaps it asks for a login; give the address of the data "
            "themselves, and a credential"
        )
    called = " ".join(html.unescape(title[1]).split())
    raise limits.failure(
        f"the answer is a web page with the title '{called}', and no data. Perhaps it asks for a login; give the "
        "address of the data themselves, and a credential"
    )


def ask(
    source: Source,
    limits: Limits,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    taken: frozenset[int] = _SUCCESS,
) -> Answer:
    """Send one request with a source's credentials, and return the answer if it is one of success.

    ``taken``: the statuses of answers that are read, where others than that of success tell something.

    Raises:
        FetchFailed: nobody answers, not in time, or something else than was asked for.
        CredentialMissing: a credential is not there.
    """
    own = {name: secret.read(f"the header {name}") for name, secret in source.headers.items()}
    auth = (source.user, source.password.read("the user")) if source.user and source.password else None
    request = _Request(limits, method, url, headers={**headers, **own}, auth=auth, body=body, taken=taken)
    return asyncio.run(request.send())


class _Request:
    """One request and the redirects that it follows, which lead to the same host only."""

    def __init__(
        self,
        limits: Limits,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        auth: tuple[str, str] | None,
        body: bytes | None,
        taken: frozenset[int],
    ) -> None:
        self._limits = limits
        self._method = method
        self._url = url
        self._headers = headers
        self._auth = auth
        self._body = body
        self._taken = taken

    async def send(self) -> Answer:
        """Return the answer; the time limit holds for all of it, whatever the server does."""
        work = asyncio.ensure_future(self._guarded())
        watch = asyncio.ensure_future(self._watch())
        try:
            done, _ = await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if work in done:
                return work.result()
            self._limits.check()
            raise self._limits.too_late()
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _watch(self) -> None:
        while self._limits.left > 0 and not self._limits.stopping.is_set():  # noqa: ASYNC110  a thread sets it
            await asyncio.sleep(min(_LOOK_SECONDS, max(self._limits.left, 0)))

    async def _guarded(self) -> Answer:
        try:
            async with httpx.AsyncClient(timeout=None, follow_redirects=False, auth=self._auth) as client:  # noqa: S113  the watch ends it
                return await self._followed(client)
        except httpx.RemoteProtocolError as error:
            raise self._limits.failure(f"the answer ended too soon, or is none of HTTP ({error})") from None
        except httpx.HTTPError as error:
            raise self._limits.failure(_unreachable(error)) from None
        except (httpx.InvalidURL, ValueError) as error:
            raise self._limits.failure(f"the address can't be asked ({type(error).__name__})") from None

    async def _followed(self, client: httpx.AsyncClient) -> Answer:
        url = self._url
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._once(client, url)
            if answer.status not in _REDIRECTS:
                return answer
            url = self._target(url, answer.headers.get("location", ""))
        raise self._limits.failure(f"it redirects more than {MOST_REDIRECTS} times")

    def _target(self, url: str, location: str) -> str:
        """Return where a redirect leads; a credential for one host is given to no other."""
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        shown = there._replace(query="", fragment="", netloc=there.netloc.rpartition("@")[2]).geturl()
        # To the same host by TLS is what servers do that no longer speak without.
        upgraded = (here.scheme, there.scheme) == ("http", "https") and here.hostname == there.hostname
        if not location or not (upgraded or (here.scheme, here.netloc) == (there.scheme, there.netloc)):
            raise self._limits.failure(
                f"it redirects to '{shown}', which is elsewhere. If that is where the data are, give that address; if "
                "it is a login, give the source a credential"
            )
        if self._method != "GET":
            raise self._limits.failure(f"it redirects to '{shown}'. Give that address")
        return target

    async def _once(self, client: httpx.AsyncClient, url: str) -> Answer:
        _refuse_literal(url, self._limits)

        async def watch_peer(event: str, info: dict[str, Any]) -> None:
            # Before anything is sent: a name may lead anywhere, and elsewhere the next time.
            if event == "connection.connect_tcp.complete":
                peer = info["return_value"].get_extra_info("server_addr")
                if peer and _is_metadata(str(peer[0])):
                    raise self._limits.failure("the address is one where clouds keep credentials")

        request = client.build_request(
            self._method, url, headers=dict(self._headers), content=self._body, extensions={"trace": watch_peer}
        )
        answer = await client.send(request, stream=True)
        try:
            if answer.status_code in _REDIRECTS or answer.status_code == _UNCHANGED:
                return Answer(answer.status_code, answer.headers, b"")
            if answer.status_code not in self._taken:
                raise self._limits.failure(refusal(answer.status_code, answer.headers))
            return Answer(answer.status_code, answer.headers, self._unpacked(await self._read(answer), answer.headers))
        finally:
            await answer.aclose()

    async def _read(self, answer: httpx.Response) -> bytes:
        declared = answer.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit():
            self._limits.weigh(int(declared))
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            self._limits.weigh(len(body))
        return bytes(body)

    def _unpacked(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        try:
            return decompress(body, headers.get("content-encoding", ""), limit=self._limits.most_bytes)
        except BodyTooLarge:
            raise self._limits.failure(
                f"unpacked it has more than {self._limits.most_bytes >> 20} MiB (limit_mib)"
            ) from None
        except (MalformedOtlp, UnsupportedEncoding):
            raise self._limits.failure("what it has packed can't be unpacked") from None


def _unreachable(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        cause = cause.__cause__ or cause.__context__
    return f"nobody answers ({str(error) or type(error).__name__})"


def refusal(status: int, headers: Mapping[str, str]) -> str:
    """Return what a status means that is none of success, and what can be done."""
    later = headers.get("retry-after", "")
    reason = _ADVICE.get(status, f"the server answers {status}")
    return f"{reason}; it says to come again after {later} s" if later.isdigit() else reason


def _is_metadata(address: str) -> bool:
    try:
        peer = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in network for network in _METADATA)


def _refuse_literal(url: str, limits: Limits) -> None:
    """Refuse such an address before a proxy is asked for it."""
    if _is_metadata(urlsplit(url).hostname or ""):
        raise limits.failure("the address is one where clouds keep credentials")


def _name(url: str, place: str, media_type: str) -> str:
    """Return what a document is called: its address, with an end that tells its kind where it has none itself."""
    if suffix_of(unquote(urlsplit(url).path)) in SUFFIXES or media_type not in SUFFIX_OF:
        return place
    return f"{place}#answer{SUFFIX_OF[media_type]}"
