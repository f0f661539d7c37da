"""Answers to queries as rows of text."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from stratagraph.ontology.namespaces import compact

Table: TypeAlias = tuple[list[str], list[list[str]]]
"""Headings, and the rows below them."""


def sparql_table(document: dict[str, Any]) -> Table:
    """Return SPARQL's JSON result as rows: IRIs as CURIEs where a prefix covers them, literals as they are written."""
    if "boolean" in document:
        return ["answer"], [[json.dumps(document["boolean"])]]
    columns: list[str] = document["head"]["vars"]
    rows = [[_term(binding.get(name)) for name in columns] for binding in document["results"]["bindings"]]
    return columns, rows


def cypher_table(document: dict[str, Any]) -> Table:
    """Return a Cypher answer as rows: texts as they are, everything else as JSON."""
    return document["columns"], [[_value(value) for value in row] for row in document["rows"]]


def _term(term: dict[str, Any] | None) -> str:
    if term is None:
        return ""
    match term["type"]:
        case "uri":
            return compact(term["value"])
        case "bnode":
            return f"_:{term['value']}"
        case "triple":
            return " ".join(("<<", *(_term(term["value"][part]) for part in ("subject", "predicate", "object")), ">>"))
    language = f"@{term['xml:lang']}" if "xml:lang" in term else ""
    return f"{term['value']}{language}"


def _value(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
