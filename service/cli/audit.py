"""``stratagraph audit``: do we comply?"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from stratagraph.ontology.errors import StratagraphError
from stratagraph.service.cli.audit_words import summary, table
from stratagraph.service.cli.options import AsOf, Config, Data, Ontology, Out, Rules, errors_in_words, tell_past, write
from stratagraph.service.cli.reaching import connect
from stratagraph.service.cli.tongue import Language, note
from stratagraph.service.client import Client, ServiceAnswer
from stratagraph.service.settings import Settings, load_settings

PATH = "/api/compliance/audit"


class Format(StrEnum):
    """How an audit is written."""

    TABLE = "table"
    HTML = "html"
    JSON = "json"
    CSV = "csv"


def audit(
    framework: Annotated[str | None, typer.Option("--framework", help="Only this framework, for example LGPD.")] = None,
    on: Annotated[
        datetime | None,
        typer.Option(
            "--on",
            formats=["%Y-%m-%d"],
            help="Date whose rules apply; default: the as-of date.",
        ),
    ] = None,
    as_of: AsOf = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            help="How to write the report; default: a table of what fails or is unknown on a terminal, else json.",
            show_default=False,
        ),
    ] = None,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Exit with 0 also when no rule applies to anything.")
    ] = False,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
    rules: Rules = None,
) -> None:
    """Evaluate every rule against every target it applies to; a summary goes to standard error.

    Exit status: 0 when nothing fails and nothing is unknown, 1 when something does, 2 when no rule applies to
    anything or the audit could not run.
    """
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology, rules=rules)
        params = {
            "framework": framework,
            "on": on.date().isoformat() if on else None,
            "asOf": as_of,
            "lang": lang,
            "allowEmpty": "true" if allow_empty else None,
        }
        form = form or (Format.TABLE if out is None and sys.stdout.isatty() else Format.JSON)
        with connect(settings) as client:
            _need_rules(client, settings)
            # In JSON whatever form is wanted: the summary on standard error is made of it.
            answer = client.request("GET", PATH, params={**params, "format": Format.JSON.value})
            document: dict[str, Any] = json.loads(answer.text)
            if form in {Format.HTML, Format.CSV}:
                answer = client.request("GET", PATH, params={**params, "format": form.value})
        write("\n".join(table(document, lang)) if form is Format.TABLE else answer.text, out)
        tell_past(answer.headers)
        _tell(answer, summary(document, lang), out=str(out) if out else "", allow_empty=allow_empty)
    # The service decides, so that the status and the report can't disagree.
    raise typer.Exit(int(answer.headers["Stratagraph-Audit-Exit"]))


class RulesNotInForce(StratagraphError, slug="rules-not-in-force", status=409):
    """Rules were given to a command that talks to a service which does not have them."""

    text = (
        "The service that runs on this data does not have the rules {rules}. Start it with "
        "'stratagraph serve --rules {folder}'."
    )

    rules: str
    folder: str


def _need_rules(client: Client, settings: Settings) -> None:
    """Refuse an audit by a service that would leave out rules which were asked for."""
    if settings.rules is None:
        return
    from stratagraph.shapes.packs import rules_with  # reading rules takes a while; most audits bring none

    served = {(rule["id"], rule["version"]) for rule in client.request("GET", "/api/compliance/rules").json()["rules"]}
    missing = [rule.id for rule in rules_with(settings.rules) if (rule.id, rule.version) not in served]
    if missing:
        raise RulesNotInForce(rules=", ".join(missing), folder=str(settings.rules))


def _tell(answer: ServiceAnswer, lines: list[str], *, out: str, allow_empty: bool) -> None:
    """Say on standard error how the audit went, and where its report is."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
    if out:
        note(f"The report is in {out}.")
    if "Stratagraph-Audit-Empty" in answer.headers and not allow_empty:
        note(
            "note: no rule applies to anything here, so nothing was shown. Is it the right data folder, day and "
            "framework? --allow-empty takes that for a success."
        )
