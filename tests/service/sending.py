"""Facts sent to a running service, and read back from its answers and its export."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from stratagraph.ontology.facts import Fact, Iri, Literal, Term
from stratagraph.ontology.namespaces import XSD
from stratagraph.ontology.terms import decode, encode
from tests.service.running import Running

_runs = count()


def send(running: Running, *stated: Fact, observations: Sequence[dict[str, Any]] = (), **said: Any) -> dict[str, Any]:
    """Commit facts as JSON; the answer's document, with its status."""
    scope = {"name": "facts", "stated": [[encode(f.subject), encode(f.predicate), encode(f.object)] for f in stated]}
    batch = {"source": "test", "run": str(next(_runs)), "scopes": [scope], "observations": observations} | said
    answer = running.post("/api/batches", content=json.dumps(batch), headers={"Content-Type": "application/json"})
    return {"status": answer.status_code, **answer.json()}


def problem(answer: dict[str, Any]) -> tuple[int, str]:
    """The status and the kind of a problem, which says what to do next."""
    assert answer["detail"].count(". ") >= 1, answer
    return answer["status"], answer["type"].rpartition("/")[2]


def shown(running: Running, subject: Iri) -> dict[Iri, set[Term]]:
    """What SPARQL answers about a node, as terms by property."""
    head = running.get("/api/ledger").json()["head"]["sequence"]
    answer = running.get(
        "/sparql",
        params={"query": f"SELECT ?p ?o WHERE {{ <{subject}> ?p ?o }}"},
        headers={"Accept": "application/sparql-results+json", "Stratagraph-At-Least": str(head)},
    )
    assert answer.status_code == 200, answer.text
    rows = [(row["p"]["value"], term_of(row["o"])) for row in answer.json()["results"]["bindings"]]
    return by_property(rows)


def by_property(rows: Iterable[tuple[Iri, Term]]) -> dict[Iri, set[Term]]:
    found: dict[Iri, set[Term]] = defaultdict(set)
    for prop, value in rows:
        found[prop].add(value)
    return found


def term_of(value: dict[str, str]) -> Term:
    if value["type"] == "uri":
        return value["value"]
    return Literal(value["value"], value.get("datatype", XSD.string), value.get("xml:lang", ""))


def kept(running: Running, subject: Iri) -> dict[Iri, set[Term]]:
    """What the ledger's export holds about a node, as terms by property."""
    done = running.command("ledger", "export", "--data", str(running.folder / "data"))
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    opened = [line["open"] for line in lines if "open" in line]
    return by_property((str(decode(p)), decode(o)) for _, s, p, o, _ in opened if s == encode(subject))


def send_document(
    running: Running, text: str | bytes, *, media_type: str = "text/turtle", **params: str
) -> dict[str, Any]:
    """Commit a document; the answer's own, with its status."""
    content = text.encode() if isinstance(text, str) else text
    answer = running.post("/api/batches", content=content, headers={"Content-Type": media_type}, params=params)
    return {"status": answer.status_code, **answer.json()}
