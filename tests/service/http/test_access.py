"""Access over real HTTP: each class of route without a token, with a wrong, a too weak and a sufficient one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # another package's stubs hide its own

from stratagraph.service.http.access import needed
from stratagraph.service.http.access_tokens import Role
from tests.opened import Opened
from tests.service.running import DATA, Running, clean_environment, run, started

PROTOBUF = "application/x-protobuf"
LAW = "https://w3id.org/stratagraph/asset/Law/l"
TURTLE = f"@prefix sg: <https://w3id.org/stratagraph/ns#> .\n<{LAW}> a sg:Law ; sg:name 'l' ."


@dataclass(frozen=True)
class Guarded:
    """A service that listens on every address, and a token of each role."""

    running: Running
    tokens: Mapping[Role, str]

    def send(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        url = self.running.url + path
        return httpx.request(method, url, headers=headers, trust_env=False, timeout=60, **options)


@pytest.fixture(name="guarded", scope="module")
def _guarded(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("home")
    opened(home / DATA)
    tokens = {role: added(str(role), role, home) for role in Role}
    with started("serve", "--host", "0.0.0.0", home=home) as running:
        yield Guarded(running, tokens)


def added(name: str, role: Role, home: Path) -> str:
    """Add a token by command and return it."""
    done = run("token", "add", name, "--role", role.value, environment=clean_environment(home))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


TRACES = {"content": b"", "headers": {"Content-Type": PROTOBUF}}
BATCH = {"content": TURTLE, "headers": {"Content-Type": "text/turtle"}}


@dataclass(frozen=True)
class Case:
    """A request, the role that it needs, and the status it is answered with then."""

    method: str
    path: str
    options: Mapping[str, object]
    role: Role
    status: int

    def send(self, guarded: Guarded, token: str | None = None) -> httpx.Response:
        return guarded.send(self.method, self.path, token, **self.options)


ROUTES = [
    Case("GET", "/api/assets", {}, Role.READ, 200),
    Case("GET", "/api/ledger", {}, Role.READ, 200),
    Case("GET", "/health/ready", {}, Role.READ, 200),
    Case("GET", "/metrics", {}, Role.READ, 200),
    Case("GET", "/openapi.json", {}, Role.READ, 200),
    Case("GET", "/nothing/here", {}, Role.READ, 404),
    Case("GET", "/sparql?query=ASK%7B%7D", {}, Role.READ, 200),
    Case("POST", "/sparql", {"data": {"query": "ASK{}"}}, Role.READ, 200),
    Case("POST", "/api/batches", BATCH, Role.INGEST, 201),
    Case("POST", "/v1/traces", TRACES, Role.INGEST, 200),
    Case("POST", "/api/levels", {}, Role.ADMIN, 405),
    Case("DELETE", "/api/batches", {}, Role.ADMIN, 405),
]
CASES = pytest.mark.parametrize("case", ROUTES, ids=[f"{case.method} {case.path}" for case in ROUTES])


def check_protocol(answer: httpx.Response, path: str, code: int) -> None:
    """A refusal is written as the route's protocol writes errors."""
    kind = answer.headers["content-type"]
    if path.startswith("/v1/"):
        assert kind == PROTOBUF
        assert Status.FromString(answer.content).code == code
    elif path.startswith("/sparql"):
        assert kind.startswith("text/plain")
    else:
        assert kind == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert "sgt_" not in answer.text


@CASES
def test_without_a_token_nothing_is_answered(guarded: Guarded, case: Case) -> None:
    answer = case.send(guarded)
    assert answer.status_code == 401
    check_protocol(answer, case.path, 16)


@CASES
def test_a_wrong_token_is_none(guarded: Guarded, case: Case) -> None:
    answer = case.send(guarded, "sgt_" + "A" * 43)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    check_protocol(answer, case.path, 16)


@CASES
def test_a_role_opens_what_it_includes_and_nothing_more(guarded: Guarded, case: Case) -> None:
    for has, token in guarded.tokens.items():
        answer = case.send(guarded, token)
        if has.includes(case.role):
            assert answer.status_code == case.status, answer.text
        else:
            assert answer.status_code == 403
            check_protocol(answer, case.path, 7)


@pytest.mark.parametrize("path", ["/", "/pages/app.js", "/pages/texts/en.json", "/favicon.ico", "/health/live"])
def test_what_holds_no_data_needs_no_token(guarded: Guarded, path: str) -> None:
    assert guarded.send("GET", path).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["//", "//api/assets", "/health/live/", "/pages/../api/assets", "/PAGES/app.js", "/api/assets?x=/pages/"],
)
def test_no_spelling_of_a_path_leads_past_the_guard(guarded: Guarded, path: str) -> None:
    assert guarded.send("GET", path).status_code in {401, 404}
    assert needed("POST", "/pages/app.js") is Role.ADMIN


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearer:"])
def test_the_token_must_come_as_a_bearer_token(guarded: Guarded, scheme: str) -> None:
    sent = {"Authorization": f"{scheme} {guarded.tokens[Role.ADMIN]}"}
    assert guarded.send("GET", "/api/levels", headers=sent).status_code == 401


def test_a_token_in_the_address_is_none(guarded: Guarded) -> None:
    token = guarded.tokens[Role.ADMIN]
    assert guarded.send("GET", f"/api/levels?access_token={token}&token={token}").status_code == 401


def test_host_and_origin_are_checked_with_a_token_too(guarded: Guarded) -> None:
    token = guarded.tokens[Role.ADMIN]
    assert guarded.send("GET", "/api/levels", token, headers={"Host": "evil.example"}).status_code == 421
    assert guarded.send("GET", "/api/levels", token, headers={"Origin": "http://evil.example"}).status_code == 403


def test_tokens_come_and_go_without_a_restart(guarded: Guarded) -> None:
    token = added("guest", Role.READ, guarded.running.folder)
    assert guarded.send("GET", "/api/levels", token).status_code == 200
    assert "guest\tread\t" in guarded.running.command("token", "list").stdout
    assert guarded.running.command("token", "revoke", "guest").returncode == 0
    assert guarded.send("GET", "/api/levels", token).status_code == 401
    assert "guest" not in guarded.running.command("token", "list").stdout


def test_commands_take_the_token_from_the_environment(guarded: Guarded) -> None:
    refused = guarded.running.command("query", "-", stdin="ASK {}")
    assert refused.returncode == 2
    assert "STRATAGRAPH_TOKEN" in refused.stderr
    environment = {**guarded.running.environment, "STRATAGRAPH_TOKEN": guarded.tokens[Role.READ]}
    assert run("query", "-", "--format", "json", environment=environment, stdin="ASK {}").returncode == 0
    environment |= {"STRATAGRAPH_TOKEN": "sgt_secret\n"}
    unfit = run("query", "-", environment=environment, stdin="ASK {}")
    assert unfit.returncode == 2
    assert "secret" not in unfit.stderr


def test_a_service_for_others_does_not_start_without_a_token(guarded: Guarded) -> None:
    folder = str(guarded.running.folder / "other")
    done = guarded.running.command("serve", "--data", folder, "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert "stratagraph token add" in done.stderr


def test_losing_the_last_token_closes_the_service(tmp_path: Path, opened: Opened) -> None:
    opened(tmp_path / DATA)
    with started("serve", home=tmp_path) as running:
        assert running.get("/api/levels").status_code == 200
        token = added("ana", Role.READ, tmp_path)
        assert running.get("/api/levels").status_code == 401
        assert running.get("/api/levels", headers={"Authorization": f"bearer {token}"}).status_code == 200
        running.command("token", "revoke", "ana")
        assert running.get("/api/levels").status_code == 401
        file = tmp_path / DATA / "tokens.json"
        file.write_text("nonsense", "utf-8")
        assert running.get("/api/levels", headers={"Authorization": f"Bearer {token}"}).status_code == 503
        file.unlink()
        assert running.get("/api/levels").status_code == 200
