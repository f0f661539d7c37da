"""All triples of a SPARQL endpoint, or of one of its graphs, as N-Triples.

An endpoint's 200 may be cut, empty, capped, or a page for people. So the triples are counted first and last, and asked
for page by page, each page a range of subjects; whatever does not add up is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from stratagraph.ontology.facts import Literal, Term
from stratagraph.ontology.terms import encode
from stratagraph.service.sources.fetching.fetched import Fetched, one_document
from stratagraph.service.sources.fetching.run_limits import Limits
from stratagraph.service.sources.fetching.web import ask, refuse_page
from stratagraph.service.sources.source import Source

PAGE: Final = 5_000
"""Triples that are asked for at once: Virtuoso gives no more than 10,000, whatever it is asked."""
_MOST_PAGE: Final = 1_000_000
_RESULTS: Final = frozenset({"application/sparql-results+json", "application/json"})
_CUT: Final = ("x-sparql-maxrows", "x-sql-state")
"""Headers by which Virtuoso says that it answered a part only."""

Triple = tuple[str, str, str]
"""As N-Triples write its terms."""


def read_endpoint(source: Source, limits: Limits) -> Fetched:
    """Return what an endpoint holds.

    Raises:
        FetchFailed: it does not answer, not in full, or holds what has no name that stays.
        CredentialMissing: a credential is not there.
    """
    endpoint = _Endpoint(source, limits)
    if endpoint.holds_blank_nodes():
        raise limits.failure(
            "it holds blank nodes, which are other ones in each answer. Give what they stand for IRIs, or name a graph "
            "without them"
        )
    before = endpoint.count()
    if not before:
        raise limits.failure("it holds no triples")
    triples = set(endpoint.pages())
    after = endpoint.count()
    if not before == len(triples) == after:
        raise limits.failure(
            f"it counted {before} triples before and {after} after, and gave {len(triples)}: it does not answer in "
            "full, or was changed meanwhile"
        )
    text = "".join(f"{' '.join(triple)} .\n" for triple in sorted(triples))
    return one_document(f"{source.place}#answer.nt", source.scope or "endpoint", text.encode())


class _Endpoint:
    """Asks one endpoint, of which all answers together may bring no more than the limit."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._taken = 0
        triple = "?s ?p ?o"
        self._pattern = f"GRAPH <{source.graph}> {{ {triple} }}" if source.graph else triple

    def holds_blank_nodes(self) -> bool:
        answer = self._asked(f"ASK {{ {self._pattern} FILTER(isBlank(?s) || isBlank(?o)) }}").get("boolean")
        if not isinstance(answer, bool):
            raise self._limits.failure("its answer is no result of SPARQL in JSON")
        return answer

    def count(self) -> int:
        """Return how many different triples there are."""
        rows = self._rows(f"SELECT (COUNT(*) AS ?n) {{ SELECT DISTINCT ?s ?p ?o {{ {self._pattern} }} }}")
        try:
            return int(rows[0]["n"]["value"])
        except (IndexError, KeyError, TypeError, ValueError):
            raise self._limits.failure("it does not count its triples") from None

    def pages(self) -> Iterator[Triple]:
        """Yield every triple; a page ends with the last subject of which it has all."""
        last, size = "", PAGE
        while True:
            rows = self._rows(
                f"SELECT DISTINCT ?s ?p ?o {{ {self._pattern} FILTER(STR(?s) > {encode(Literal(last))}) }} "
                f"ORDER BY STR(?s) ?p ?o LIMIT {size}"
            )
            subjects = [self._value(row, "s") for row in rows]
            if len(rows) < size:
                yield from (self._triple(row) for row in rows)
                return
            whole = [row for row, subject in zip(rows, subjects, strict=True) if subject != subjects[-1]]
            if whole:
                yield from (self._triple(row) for row in whole)
                last = self._value(whole[-1], "s")
            elif size >= _MOST_PAGE:
                raise self._limits.failure("one subject has too many triples")
            else:
                size *= 4

    def _rows(self, query: str) -> list[dict[str, Any]]:
        results = self._asked(query).get("results")
        rows = results.get("bindings") if isinstance(results, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._limits.failure("its answer is no result of SPARQL in JSON")
        return rows

    def _asked(self, query: str) -> dict[str, Any]:
        self._limits.check()
        # As a form and in one format: of the other legal ways some stores answer none, or read another encoding.
        headers = {
            "Accept": "application/sparql-results+json",
            "Accept-Encoding": "gzip, deflate",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "stratagraph",
        }
        body = urlencode({"query": query}).encode()
        assert self._source.url is not None  # such a source has one
        answer = ask(self._source, self._limits, "POST", self._source.url, headers=headers, body=body)
        self._taken += len(answer.body)
        self._limits.weigh(self._taken)
        refuse_page(answer, self._limits)
        if answer.media_type not in _RESULTS:
            raise self._limits.failure(f"it answers '{answer.media_type}', and no result of SPARQL in JSON")
        if any(name in answer.headers for name in _CUT):
            raise self._limits.failure("it says that its answer is not whole")
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise self._limits.failure(
                "its answer is no whole JSON: it was cut, perhaps by a time limit there"
            ) from None
        return found if isinstance(found, dict) else {}

    def _value(self, row: dict[str, Any], name: str) -> str:
        term = row.get(name)
        value = term.get("value") if isinstance(term, dict) else None
        if not isinstance(value, str):
            raise self._limits.failure("its answer is no result of SPARQL in JSON")
        return value

    def _triple(self, row: dict[str, Any]) -> Triple:
        return encode(self._term(row, "s")), encode(self._term(row, "p")), encode(self._term(row, "o"))

    def _term(self, row: dict[str, Any], name: str) -> Term:
        value, term = self._value(row, name), row[name]
        if term.get("type") == "uri":
            return value
        if term.get("type") not in ("literal", "typed-literal"):
            raise self._limits.failure("it holds a term that is neither an IRI nor a literal")
        language, datatype = term.get("xml:lang", ""), term.get("datatype")
        return Literal(value, datatype, language) if datatype else Literal(value, language=language)
