"""Documents that are sent to be committed: what is read, and what is refused before anything is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.service.http.conftest import Site

AGENT = "@prefix sg: <https://w3id.org/stratagraph/ns#> . @prefix a: <https://w3id.org/stratagraph/asset/Agent/> .\n"
TURTLE = f'{AGENT}a:a%C3%A7%C3%A3o a sg:Agent ; sg:name "ação" .\n'


def rehearse(site: Site, body: str | bytes, content_type: str = "text/turtle", **options: str) -> httpx.Response:
    """Send a document, which is not committed."""
    encoding = {"Content-Encoding": options.pop("encoding")} if "encoding" in options else {}
    params = {"source": "tester", "scope": "one", "dryRun": "true", **options}
    content = body.encode() if isinstance(body, str) else body
    return site.send(
        "POST", "/api/batches", params=params, content=content, headers={"Content-Type": content_type, **encoding}
    )


@pytest.mark.parametrize(
    "content_type",
    [
        "text/turtle",
        "TEXT/Turtle",
        "text/turtle; charset=UTF-8",
        'text/turtle;charset="utf-8"',
        "text/turtle; charset=utf8",
    ],
)
def test_a_document_is_read_as_utf8(site: Site, content_type: str) -> None:
    answer = rehearse(site, TURTLE, content_type)
    assert answer.status_code == 200, answer.text
    assert '"ação"' in str(answer.json()["changes"])


@pytest.mark.parametrize(
    ("content_type", "encoding", "slug"),
    [
        ("text/turtle; charset=ISO-8859-1", "", "unsupported-upload"),
        ("application/json; charset=utf-16", "", "unsupported-upload"),
        ("application/trig", "", "unsupported-upload"),
        ("text/plain", "", "unknown-content"),
        ("text/html", "", "unsupported-upload"),
        ("text/turtle", "gzip", "encoded-upload"),
        ("text/turtle", "br", "encoded-upload"),
        ("text/turtle", "gzip, gzip", "encoded-upload"),
    ],
)
def test_what_would_be_misread_is_refused(site: Site, content_type: str, encoding: str, slug: str) -> None:
    answer = rehearse(site, TURTLE, content_type, encoding=encoding)
    assert answer.status_code == 415
    assert answer.json()["type"].endswith(f"/{slug}")


def scope_with_claims(site: Site) -> tuple[str, str]:
    """Some scope of some source that says something now."""
    sources = site.get("/api/sources").json()["sources"]
    return next(
        (source["source"], scope["name"])
        for source in sources
        for scope in source["scopes"]
        if scope["openClaims"] and source["source"] != "stratagraph:core"
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", "text/turtle"),
        ("# soon\n", "text/turtle"),
        ("", "application/yaml"),
        ("assets: []\n", "application/yaml"),
        ("[]", "application/ld+json"),
    ],
)
def test_a_complete_document_that_says_nothing_closes_nothing_unasked(site: Site, body: str, content_type: str) -> None:
    source, scope = scope_with_claims(site)
    refused = rehearse(site, body, content_type, source=source, scope=scope, complete="true")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "empty-upload")
    assert "allowEmpty" in refused.json()["detail"]
    meant = rehearse(site, body, content_type, source=source, scope=scope, complete="true", allowEmpty="true")
    assert (meant.status_code, meant.json()["closed"] > 0) == (200, True)
    part = rehearse(site, body, content_type, source=source, scope=scope)
    assert (part.status_code, part.json()["closed"]) == (200, 0)
    fresh = rehearse(site, body, content_type, scope="never heard of", complete="true")
    assert (fresh.status_code, fresh.json()["closed"]) == (200, 0)


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        ("BaseModel,license\nby-table,mit\n", "text/csv", None),
        ("BaseModel,license\nby-table,mit\n", "text/plain", "csv"),
        ("\ufeffBaseModel;license\r\nby-table;mit\r\n", "application/json", "csv"),
    ],
)
def test_a_document_of_another_kind_is_read_as_what_its_sender_says(
    site: Site, body: str, content_type: str, kind: str | None
) -> None:
    answer = rehearse(site, body, content_type, **({"kind": kind} if kind else {}))
    assert answer.status_code == 200, answer.text
    assert answer.json()["assets"]["opened"] == 1
    assert answer.json()["notUnderstood"] == []


def test_a_kind_that_is_none_is_refused(site: Site) -> None:
    answer = rehearse(site, "{}", "application/json", kind="excel")
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/unknown-kind")
