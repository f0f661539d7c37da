"""``stratagraph audit``: do we comply?"""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from stratagraph.service.cli.options import (
    AsOf,
    Config,
    Data,
    Language,
    Ontology,
    Out,
    errors_in_words,
    tell_past,
    write,
)
from stratagraph.service.client import connect
from stratagraph.service.settings import load_settings


class Format(StrEnum):
    """How an audit is written."""

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
    form: Annotated[Format, typer.Option("--format", help="How to write the report.")] = Format.JSON,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Exit with 0 also when no rule applies to anything.")
    ] = False,
    out: Out = None,
    lang: Language = "en",
    data: Data = None,
    config: Config = None,
    ontology: Ontology = None,
) -> None:
    """Evaluate every rule against every target it applies to.

    Exit status: 0 when nothing fails and nothing is unknown, 1 when something does, 2 when no rule applies to
    anything or the audit could not run.
    """
    with errors_in_words():
        settings = load_settings(config, data=data, ontology=ontology)
        params = {
            "framework": framework,
            "on": on.date().isoformat() if on else None,
            "asOf": as_of,
            "format": form.value,
            "lang": lang,
            "allowEmpty": "true" if allow_empty else None,
        }
        with connect(settings) as client:
            answer = client.request("GET", "/api/compliance/audit", params=params)
        write(answer.text, out)
        tell_past(answer.headers)
        if "Stratagraph-Audit-Empty" in answer.headers and not allow_empty:
            sys.stderr.write(
                "note: no rule applies to anything here, so nothing was shown. Is it the right data folder, day and "
                "framework? --allow-empty takes that for a success.\n"
            )
    raise typer.Exit(int(answer.headers["Stratagraph-Audit-Exit"]))
