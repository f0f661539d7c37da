"""Worked queries, in words and in each language."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Final

from stratagraph.queries.messages import messages
from stratagraph.queries.schema.naming import Language

NAMES: Final = ("levels", "figures", "influence")
"""The worked queries, each a file per language."""
_ENDINGS: Final = {Language.SPARQL: "rq", Language.CYPHER: "cypher"}


def worked(language: Language, lang: str) -> list[dict[str, Any]]:
    """Return three questions with the query that answers each."""
    texts = messages("schema", lang)
    return [{"question": texts[f"query-{name}"], "query": _query(name, language)} for name in NAMES]


@cache
def _query(name: str, language: Language) -> str:
    return (files("stratagraph.queries.schema") / f"{name}.{_ENDINGS[language]}").read_text("utf-8").strip()
