"""Clients that leave at a random moment of an impact, an audit or an upload: nobody notices, nothing stays taken."""

from __future__ import annotations

import gc
import logging
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest

from stratagraph.queries.impact.impact import impact
from stratagraph.service.auditing.desk import AuditDesk
from stratagraph.service.http import api
from stratagraph.service.http.intake import SMALL, Intake
from stratagraph.service.http.places import Places
from tests.service.http.conftest import Site
from tests.service.http.wires import connect, head

CLIENTS = 12
IMPACT = "/api/impact?asset=LGPD_BR"
AUDIT = "/api/compliance/audit"


def document(size: int) -> bytes:
    body = b"# one\n" + b"#" * size
    kind = ("Content-Type: text/turtle", f"Content-Length: {len(body)}")
    return head("POST", "/api/batches?source=leaving&dryRun=true", *kind) + body


KINDS: dict[str, Callable[[random.Random], bytes]] = {
    "impact": lambda _: head("GET", IMPACT),
    "impact of the past": lambda dice: head("GET", f"{IMPACT}&asOf={dice.randint(1, 2)}"),
    "audit": lambda dice: head("GET", f"{AUDIT}?on=203{dice.randint(0, 1)}-01-01"),
    "small upload": lambda _: document(100),
    "large upload": lambda dice: document(SMALL + dice.randrange(SMALL)),
}


def leave(url: str, request: bytes, dice: random.Random) -> None:
    """Send a request, or a part of it, take nothing of its answer, or a part, and go."""
    with connect(url) as wire:
        # A client that is killed says nothing, one that leaves says so.
        if dice.random() < 0.5:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.sendall(request if dice.random() < 0.7 else request[: dice.randrange(len(request))])
        time.sleep(dice.choice([0, 0, dice.random() * 0.005, dice.random() * 0.1]))
        if dice.random() < 0.3:
            wire.settimeout(0.05)
            with suppress(TimeoutError):
                wire.recv(dice.choice([1, 100, 65536]))


@contextmanager
def second_client(site: Site) -> Iterator[list[int]]:
    """Ask all the time, for the length of a block; yields the answers' statuses."""
    statuses: list[int] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=site.url, trust_env=False, timeout=60) as client:
            while not (over.is_set() and statuses):
                statuses.extend([client.get(path).status_code for path in ("/health/live", "/api/ledger")])

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield statuses
    finally:
        over.set()
        asking.join(timeout=60)


@pytest.fixture(name="holders", scope="module")
def _holders(site: Site) -> list[Intake | Places | AuditDesk]:
    """Whatever holds something for a client, in every service of this process."""
    assert site.get("/health/live").status_code == 200
    found = [each for each in gc.get_objects() if isinstance(each, Intake | Places | AuditDesk)]
    assert {type(each) for each in found} == {Intake, Places, AuditDesk}
    return found


def is_free(holder: Intake | Places | AuditDesk) -> bool:
    match holder:
        case Intake():
            return not (holder._working or holder._small or holder._on_disk or holder._waiting)
        case Places():
            return not (+holder._turns._running or holder._turns._waiting)
    return not holder._running


@pytest.mark.parametrize("kind", KINDS)
def test_clients_that_leave_at_any_moment_take_nothing_along(
    site: Site, holders: list[Intake | Places | AuditDesk], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    dice = random.Random(kind)
    with caplog.at_level(logging.WARNING), second_client(site) as statuses, ThreadPoolExecutor(8) as crowd:
        for _ in range(CLIENTS):
            crowd.submit(leave, site.url, KINDS[kind](dice), random.Random(dice.random()))
    assert set(statuses) == {200}
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
    for _ in range(1200):  # what was begun ends by itself
        if all(map(is_free, holders)):
            break
        time.sleep(0.1)
    else:
        pytest.fail("somebody who left still holds something")
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(site.get, [IMPACT] * 8))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("path", [IMPACT, f"{IMPACT}&asOf=2"])
def test_what_clients_who_left_have_asked_is_not_begun(
    site: Site, holders: list[Intake | Places | AuditDesk], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    begun, goes_on = threading.Semaphore(0), threading.Event()
    count = 0

    def stuck(*given: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        begun.release()
        assert goes_on.wait(60)
        return impact(*given, **more)

    monkeypatch.setattr(api, "impact", stuck)
    with ExitStack() as wires:
        for _ in range(60):
            wires.enter_context(connect(site.url)).sendall(head("GET", path))
        assert begun.acquire(timeout=60)
        places = [holder for holder in holders if isinstance(holder, Places)]
        until(lambda: any(sum(map(len, each._turns._waiting.values())) > 50 for each in places))
    until(lambda: not any(each._turns._waiting for each in places))
    before = count
    goes_on.set()
    assert site.get(IMPACT).status_code == 200
    assert count == before + 1


def until(comes: Callable[[], bool]) -> None:
    """Wait for something that nothing announces; fail where it does not come about."""
    for _ in range(600):
        if comes():
            return
        time.sleep(0.05)
    pytest.fail("it did not come about")
