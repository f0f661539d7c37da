"""``stratagraph suggest`` and ``findings``: what may be one asset, what a person says, where sources disagree."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stratagraph.ontology.json_text import json_text
from stratagraph.queries.messages import messages
from stratagraph.queries.sameness_tables import findings_csv, suggestions_csv
from stratagraph.queries.written import moment
from stratagraph.service.cli.options import Config, Data, Ontology, Out, fail, write
from stratagraph.service.cli.reaching import client_of
from stratagraph.service.cli.tongue import Language

Most = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most lines.")]
_TOPIC = "identity"


class Format(StrEnum):
    """How lists of who is who are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


Listed = Annotated[Format, typer.Option("--format", help="How to write the answer.")]


def suggest(
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="ID", help="They are one asset.", show_default=False)
    ] = None,
    refuse: Annotated[
        str | None, typer.Option("--refuse", metavar="ID", help="They are two; do not ask again.", show_default=False)
    ] = None,
    limit: Most = 100,
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """List assets that may be one, with the reason, or decide on a pair; nothing is merged by itself."""
    if accept and refuse:
        fail("Give --accept or --refuse, not both.")
    name = accept or refuse
    if name and form is Format.CSV:
        fail("A decision is no table. Leave out --format csv, or write --format json.")
    with client_of(data, config, ontology) as client:
        if name:
            wanted = {"decision": "accept" if accept else "refuse"}
            answer = client.request("POST", f"/api/suggestions/{quote(name, safe='')}", json=wanted).json()
        else:
            answer = client.request("GET", "/api/suggestions", params={"limit": limit, "lang": lang}).json()
    _write(answer, form, suggestions_csv, _suggested(answer, lang), out)


def findings(
    limit: Most = 100,
    form: Listed = Format.TABLE,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """List where sources disagree about what has one value at a time, with who says what since when."""
    with client_of(data, config, ontology) as client:
        answer = client.request("GET", "/api/findings", params={"limit": limit, "lang": lang}).json()
    _write(answer, form, findings_csv, _found(answer, lang), out)


def _write(
    answer: dict[str, Any], form: Format, table: Callable[[dict[str, Any]], str], lines: list[str], out: Path | None
) -> None:
    if form is Format.JSON:
        write(json_text(answer), out)
    else:
        write(table(answer) if form is Format.CSV else "\n".join(lines), out)


def _suggested(answer: dict[str, Any], lang: str) -> list[str]:
    texts = messages(_TOPIC, lang)
    if "decision" in answer:
        first, second = (asset["iri"] for asset in answer["assets"])
        return [texts[f"decided-{answer['decision']}"].format(first=first, second=second)]
    lines = []
    for found in answer["suggestions"]:
        first, second = found["assets"]
        lines.append(f"{found['id']}  {first['iri']} {texts['may-be-one']} {second['iri']}: {found['text']}")
    return _ended(lines, answer["count"], texts, "no-suggestions")


def _found(answer: dict[str, Any], lang: str) -> list[str]:
    texts = messages(_TOPIC, lang)
    lines = []
    for found in answer["findings"]:
        values = "; ".join(
            f"{said['value']} ({', '.join(_witness(it, lang) for it in said['witnesses'])})" for said in found["values"]
        )
        lines.append(
            texts["values-differ"].format(attribute=found["label"], asset=found["asset"]["name"], values=values)
        )
    return _ended(lines, answer["count"], texts, "no-findings")


def _witness(said: dict[str, str], lang: str) -> str:
    return f"{said['source']}, {moment(said['firstSeen'], lang)}"


def _ended(lines: list[str], count: int, texts: Any, nothing: str) -> list[str]:
    if not lines:
        return [texts[nothing]]
    return [*lines, texts["and-more"].format(count=count)] if count > len(lines) else lines
